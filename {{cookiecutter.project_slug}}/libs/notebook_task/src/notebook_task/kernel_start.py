"""What runs in the kernel's process: `python -m notebook_task.kernel_start -f connection.json`.

Imported in the task's environment: ipykernel and the standard library only.
"""

from __future__ import annotations

import atexit
import os
import sys


def main() -> None:
    """Run an IPython kernel that ends without delay."""
    # as ipykernel_launcher does: a file of the task must not shadow what is imported here
    if sys.path[0] in {"", os.getcwd()}:
        del sys.path[0]

    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    # Registered after ipykernel's handler and before any of the notebook's, so it runs between them.
    # ipykernel 7.4 can wait for ever there: it ends the thread that sends output, then joins one that still sends.
    atexit.register(_leave)
    app.start()


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

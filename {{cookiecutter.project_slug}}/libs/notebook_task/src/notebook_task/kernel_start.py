"""What runs in the kernel's process: `python -m notebook_task.kernel_start -f connection.json`.

Imported in the task's environment: ipykernel with what it brings, and the standard library.
"""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

# as ipykernel_launcher does: a file of the task must not shadow what is imported here
if sys.path[0] in {"", str(Path.cwd())}:
    del sys.path[0]

import zmq
from ipykernel.kernelapp import IPKernelApp


class KernelApp(IPKernelApp):
    """IPython's kernel; output waits until it is read instead of being dropped."""

    def init_iopub(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """Let any number of messages wait: the default keeps 1000 and loses lines of a busy cell."""
        context.setsockopt(zmq.SNDHWM, 0)
        super().init_iopub(context)


def main() -> None:
    """Run a kernel that ends without delay."""
    app = KernelApp.instance()
    app.initialize(sys.argv[1:])
    # Registered after ipykernel's handler and before any of the notebook's, so it runs between them.
    # ipykernel 7.4 can wait for ever there: it ends the thread that sends and joins one that still wants to.
    atexit.register(_leave)
    app.start()


def _leave() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

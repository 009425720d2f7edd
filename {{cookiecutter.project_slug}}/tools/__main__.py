"""Start a verb under a Python that is new enough. This file must parse on Python 3.8."""

import os
import shutil
import sys

OLDEST = (3, 11)
KNOWN = ("python3.14", "python3.13", "python3.12", "python3.11")


def newer_python():
    """Another Python of this machine that will do, or None."""
    for name in KNOWN:
        path = shutil.which(name)
        if path and os.system('"%s" -c "" >/dev/null 2>&1' % path) == 0:
            return path
    return None


def start():
    if sys.version_info >= OLDEST:
        from tools.cli import main

        return main(sys.argv[1:])
    path = newer_python()
    if path:
        os.execv(path, [path, "-m", "tools"] + sys.argv[1:])
    found = "%d.%d" % sys.version_info[:2]
    sys.stderr.write(
        "error: this is Python %s, and Python 3.11 or newer is needed.\n"
        "  Install one from https://www.python.org/downloads/ (or: uv python install 3.13),\n"
        "  then: make PYTHON=/path/to/python3.13 %s\n" % (found, " ".join(sys.argv[1:2]) or "help")
    )
    return 1


if __name__ == "__main__":
    sys.exit(start())

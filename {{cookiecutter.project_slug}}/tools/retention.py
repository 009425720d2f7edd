"""Remove files older than some days below some folders, and folders that are empty then.

Runs here, and in a container that has the volumes: `python - DAYS FOLDER…` with this file as standard input.
So it imports nothing of this project, and prints one line a folder: its name, files and bytes removed.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

DAY = 86400


def prune(folder: Path, oldest: float) -> tuple[int, int]:
    """Remove what was last written before a time in unix seconds. Returns files and bytes removed."""
    count = size = 0
    # Removing something makes a folder look young, so it is remembered that it became empty by us.
    changed: set[Path] = set()
    for place, _, files in os.walk(folder, topdown=False):
        here = Path(place)
        # A folder that a task has just made and not filled yet is young: it stays.
        old = here in changed or here.lstat().st_mtime < oldest
        for path in (Path(place, name) for name in files):
            found = path.lstat()
            if found.st_mtime < oldest:
                path.unlink()
                count, size, old = count + 1, size + found.st_size, True
        if old and here != folder:
            # Not empty, or no longer.
            with contextlib.suppress(OSError):
                here.rmdir()
                changed.add(here.parent)
    return count, size


def main(words: list[str]) -> int:
    oldest = time.time() - float(words[0]) * DAY
    for folder in map(Path, words[1:]):
        count, size = prune(folder, oldest)
        print(f"{folder}\t{count}\t{size}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Say what was made and what to type next; nothing else, so that a template update stays silent on disk."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

NEXT = """
Made {folder}. What to type next:

    cd {folder}
    make demo    runs the example pipeline here, without Docker
    make up      starts the Airflow stack in Docker and prints its address and login
    make help    everything else
"""


def typed_path(project: Path, shell_folder: Path) -> str:
    """Return the path to the project as somebody in the given folder types it."""
    inside = project.is_relative_to(shell_folder)
    return shlex.quote(str(project.relative_to(shell_folder) if inside else project))


def main() -> None:
    print(NEXT.format(folder=typed_path(Path.cwd(), Path(os.environ.get("PWD", Path.cwd().parent)))))


if __name__ == "__main__":
    main()

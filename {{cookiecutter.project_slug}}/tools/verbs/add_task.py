"""make add-task"""

from __future__ import annotations

import shutil
from pathlib import Path

from tools import terminal
from tools.new_task import Plan, plan


def add_task(name: str, from_: str = "") -> int:
    """Make a new folder below tasks/, from templates/task/, that runs at once.

    With from=notebook.ipynb the notebook is that one, without its outputs, and with a cell tagged
    `parameters` where it has none.
    """
    made = plan(name, Path(from_).expanduser() if from_ else None)
    write(made)
    terminal.say(f"tasks/{name}/")
    for file in made.files:
        terminal.say(f"  {file}")
    for note in made.notes:
        terminal.say(f"note: {note}")
    terminal.say(f"next: make run task={name}")
    terminal.say(f"      in a DAG: NotebookOperator(task={name!r})    (dags/, README.md)")
    return 0


def write(made: Plan) -> None:
    """All of it or nothing."""
    made.folder.mkdir(parents=True)
    try:
        for name, content in made.files.items():
            (made.folder / name).write_bytes(content)
            # As the user's umask would have it, but readable in the containers: see `readable` in checks.py.
            (made.folder / name).chmod(0o644)
        made.folder.chmod(0o755)
    except BaseException:
        shutil.rmtree(made.folder, ignore_errors=True)
        raise

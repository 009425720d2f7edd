"""Task folders: where they are, which image belongs to one, and whether that image is up to date."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from launcher.outcome import UnknownTask
from launcher.settings import Settings

TASK_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
HASH_LABEL = "launcher.task-hash"
NOTEBOOK = "notebook.ipynb"


@dataclass(frozen=True)
class TaskFolder:
    """A folder under tasks/ with a run.py."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def has_notebook(self) -> bool:
        return (self.path / NOTEBOOK).is_file()

    def image(self, settings: Settings) -> str:
        """The image that `make build` makes of this folder."""
        return f"{settings.deployment}/{self.name}:{settings.image_tag}"


def task_folders(project_dir: Path) -> list[TaskFolder]:
    """All task folders of a project, by name."""
    runs = sorted((project_dir / "tasks").glob("*/run.py"))
    return [TaskFolder(run.parent) for run in runs if TASK_NAME.fullmatch(run.parent.name)]


def find_task(name: str, project_dir: Path) -> TaskFolder:
    """The folder of a task. Raises UnknownTask with the closest name there is."""
    folders = {folder.name: folder for folder in task_folders(project_dir)}
    if name in folders:
        return folders[name]
    raise UnknownTask(f"there is no task {name!r} in {project_dir / 'tasks'}; {_hint(name, sorted(folders))}")


def _hint(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    if names:
        return f"there are: {', '.join(names)}"
    return f"make it with: make add-task name={name}"


def folder_hash(path: str | os.PathLike[str]) -> str:
    """sha256 over the names and contents of a task folder, the same on every machine.

    Of a notebook only what is run counts, so that saving it with outputs makes no image stale.
    """
    root = Path(path)
    digest = hashlib.sha256()
    for file in sorted(_files(root), key=lambda file: file.relative_to(root).as_posix()):
        for part in (file.relative_to(root).as_posix().encode(), _content(file)):
            # The length in front keeps "ab" + "c" and "a" + "bc" apart.
            digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        yield from (
            Path(folder, name) for name in files if not name.startswith(".") and not name.endswith(".pyc")
        )


def _content(file: Path) -> bytes:
    if file.is_symlink():
        return str(file.readlink()).encode()
    content = file.read_bytes()
    if file.suffix != ".ipynb":
        return content
    try:
        return _executable_part(json.loads(content))
    except (ValueError, TypeError, AttributeError, KeyError):
        return content


def _executable_part(notebook: dict[str, Any]) -> bytes:
    cells = [
        (cell["cell_type"], "".join(cell["source"]), sorted(cell.get("metadata", {}).get("tags", [])))
        for cell in notebook["cells"]
    ]
    return json.dumps([notebook.get("metadata", {}).get("kernelspec"), cells], sort_keys=True).encode()

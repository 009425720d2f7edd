"""Runs a task folder's notebook: what its run.py calls."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from .attempt import Attempt, run_as_process
from .errors import InputError
from .kernel import launch
from .notebook_check import problems
from .notebook_file import declared_parameters, read_notebook
from .outcome import Outcome
from .parameters import Declared

NOTEBOOK = "notebook.ipynb"
REQUIRED = ("nbclient", "papermill", "yaml")


def run(folder: Path | None = None) -> NoReturn:
    """Run `notebook.ipynb` of the folder that run.py stands in, and end the process with its exit code."""
    folder = folder or Path(sys.modules["__main__"].__file__ or "").resolve().parent
    missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"This Python ({sys.executable}) has no {', '.join(missing)}: it is not the notebook runner's. "
            f"Type: make run task={folder.name}",
            file=sys.stderr,
        )
        sys.exit(2)
    code = run_as_process(Notebook(folder), folder)
    sys.stdout.flush()
    # everything is on disk: tearing down modules and sockets would take 60 ms and gain nothing
    os._exit(code)


class Notebook:
    """A notebook as a task."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._content: dict[str, Any] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The notebook's JSON, read once."""
        if self._content is None:
            self._content = read_notebook(self._folder / NOTEBOOK)
        return self._content

    def declared(self) -> Declared:
        """Return the parameters of the cell tagged `parameters`."""
        return declared_parameters(self.content, NOTEBOOK)

    def check(self) -> None:
        """Raise InputError with everything that is wrong in the notebook."""
        if found := problems(self.content, NOTEBOOK):
            raise InputError("\n".join(found))

    def execute(self, attempt: Attempt) -> Outcome:
        """Start the kernel, import the rest in its shadow, run the cells."""
        kernel = launch(self.content, attempt.workspace)
        try:
            from .execution import execute

            return execute(self._folder / NOTEBOOK, attempt, kernel)
        finally:
            kernel.kill()

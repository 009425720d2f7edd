"""What a new task folder will consist of; nothing here writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import imports, names, project
from tools.errors import ToolError

NOTEBOOK = "notebook.ipynb"
TEMPLATE = project.ROOT / "templates" / "task"
PARAMETERS = "parameters"


@dataclass(frozen=True)
class Plan:
    """A folder, its files, and what a person should know of them."""

    folder: Path
    files: dict[str, bytes]
    notes: tuple[str, ...] = ()


def plan(name: str, source: Path | None) -> Plan:
    """The new folder.

    :param source: a notebook to take in place of the template's
    :raises ToolError: the name or the notebook cannot be used
    """
    taken = sorted(path.name for path in (project.ROOT / "tasks").glob("*") if path.is_dir())
    problem = names.problem(name, taken)
    if problem:
        better = names.suggestion(name, taken)
        raise ToolError(f"a task cannot be called '{name}': {problem}", f"try: make add-task name={better}")
    if not TEMPLATE.is_dir():
        raise ToolError("templates/task does not exist", "git checkout templates/task")
    folder = project.ROOT / "tasks" / name
    files = {path.name: path.read_bytes() for path in sorted(TEMPLATE.iterdir()) if path.is_file()}
    if source is None:
        return Plan(folder, files)
    notebook, notes = taken_over(read_notebook(source), source)
    # The template's values and packages belong to the template's notebook.
    files[NOTEBOOK] = (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()
    files["params.yaml"] = PARAMS
    found = imports.packages(notebook)
    files["requirements.txt"] = "\n".join(
        ["# What the notebook imports; pin the versions.", *found, ""]
    ).encode()
    if found:
        notes = (
            *notes,
            f"requirements.txt has what it imports ({', '.join(found)}): check it and pin versions",
        )
    return Plan(folder, files, notes)


PARAMS = b"""\
# The values this task runs with, in place of those in the notebook's cell tagged "parameters".
{}
"""


def read_notebook(source: Path) -> dict[str, Any]:
    again = "make add-task name=… from=path/to/notebook.ipynb"
    try:
        notebook = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ToolError(f"there is no file {source}", again) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"{source} cannot be read: {error}", again) from None
    except ValueError as error:
        raise ToolError(f"{source} is no notebook: {error}", again) from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ToolError(
            f"{source} has no cells, or is of a format before 4", "open and save it in Jupyter, then again"
        )
    return notebook


def taken_over(notebook: dict[str, Any], source: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The notebook without stored outputs, and with a cell for parameters where it has none."""
    cells = [without_output(cell) for cell in notebook["cells"]]
    tagged = any(PARAMETERS in cell.get("metadata", {}).get("tags", []) for cell in cells)
    language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "python")
    notes: tuple[str, ...] = ()
    if language != "python":
        notes = (
            f"{source.name} is in {language}; a task's kernel is Python unless its Dockerfile adds another",
        )
    if not tagged:
        cells.insert(0, parameters_cell(notebook))
        notes = (*notes, "its first cell is new: put what shall be settable there, such as region = 'north'")
    return {**notebook, "cells": cells}, notes


def without_output(cell: dict[str, Any]) -> dict[str, Any]:
    return {**cell, "outputs": [], "execution_count": None} if cell.get("cell_type") == "code" else cell


def parameters_cell(notebook: dict[str, Any]) -> dict[str, Any]:
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [PARAMETERS]},
        "outputs": [],
        "source": [
            "# What is set here can be set from outside: in params.yaml, by the DAG, by earlier tasks.\n"
        ],
    }
    # Cells have ids since format 4.5, and may have none before.
    if (notebook.get("nbformat", 4), notebook.get("nbformat_minor", 0)) >= (4, 5):
        cell["id"] = PARAMETERS
    return cell

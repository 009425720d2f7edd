"""Reads an executed notebook as what it is: a file that a task wrote, in which anything may stand."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode
from notebook_task.cells import Progress
from pygments.lexers import find_lexer_class_by_name
from pygments.util import ClassNotFound

from .store import Found

# As the runner writes them; any other word is shown as "unknown".
NOT_RUN, RUNNING, FAILED, KILLED = "not-run", "running", "failed", "killed"
STATES = frozenset(
    {NOT_RUN, RUNNING, "completed", FAILED, "skipped", "interrupted", "timed-out", "kernel-died"}
)
BROKEN = frozenset({FAILED, "interrupted", "timed-out", "kernel-died", KILLED})
# A bigger one is only offered for download.
BYTES_LIMIT = 60_000_000


class UnreadableError(Exception):
    """It is no notebook."""


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


@dataclass(frozen=True)
class Cell:
    """A code cell: its place among all cells, its name as in the log, its state and its seconds."""

    index: int
    name: str
    state: str
    seconds: float | None

    @property
    def broken(self) -> bool:
        """Whether the notebook ended here, and not well."""
        return self.state in BROKEN


def content_of(file: Found, limit: int = BYTES_LIMIT) -> bytes:
    """The whole of an open file, which is closed.

    :raises UnreadableError: it is too big to be shown
    """
    with file.stream as stream:
        if file.size > limit:
            raise UnreadableError(f"it has {megabytes(file.size)}; up to {megabytes(limit)} can be shown")
        return stream.read(limit)


def parse(content: bytes) -> NotebookNode:
    """The notebook in format 4, made anew of what is known in it.

    :raises UnreadableError: it is none
    """
    try:
        found = nbformat.from_dict(json.loads(content))
        if found.nbformat != 4:
            raise ValueError(f"its format is {found.nbformat!r}, and only 4 can be shown")
        if not isinstance(found.cells, list):
            raise TypeError("it has no list of cells")
        cells = [_cell(cell, index) for index, cell in enumerate(found.cells)]
        return NotebookNode(nbformat=4, nbformat_minor=5, metadata=_notebook_metadata(found), cells=cells)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UnreadableError(str(error) or type(error).__name__) from None


def _notebook_metadata(notebook: NotebookNode) -> NotebookNode:
    metadata = mapping(notebook.get("metadata"))
    language = mapping(metadata.get("language_info"))
    lexer = _lexer(language.get("pygments_lexer") or language.get("name") or "python")
    return NotebookNode(
        language_info=NotebookNode(name=lexer, pygments_lexer=lexer),
        papermill=mapping(metadata.get("papermill")),
    )


def _lexer(name: Any) -> str:
    """A language that Pygments knows. IPython's own comes with IPython, which nobody needs here."""
    try:
        return find_lexer_class_by_name(str(name).replace("ipython", "python")).aliases[0]
    except (ClassNotFound, IndexError):
        return "text"


def _cell(cell: NotebookNode, index: int) -> NotebookNode:
    metadata = mapping(cell.get("metadata"))
    tags = metadata.get("tags")
    made = NotebookNode(
        cell_type=cell.get("cell_type"),
        id=f"cell-{index}",
        source=text_of(cell.get("source")),
        metadata=NotebookNode(
            tags=sorted({str(tag) for tag in tags}) if isinstance(tags, list) else [],
            papermill=mapping(metadata.get("papermill")),
        ),
    )
    if made.cell_type == "code":
        outputs = cell.get("outputs")
        made.execution_count = None
        made.outputs = [mapping(output) for output in outputs] if isinstance(outputs, list) else []
    elif made.cell_type != "markdown":
        made.cell_type = "raw"
    return made


def mapping(value: Any) -> NotebookNode:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, NotebookNode) else NotebookNode()


def text_of(value: Any) -> str:
    """Text as notebooks have it: whole, or in a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def cells_of(notebook: NotebookNode, *, ended: bool) -> list[Cell]:
    """The code cells. A cell that runs in an attempt that has ended was killed with it."""
    progress = Progress(notebook.cells)
    return [
        Cell(index, progress.name(index), state_of(cell, ended=ended), _seconds(cell))
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.strip()
    ]


def state_of(cell: NotebookNode, *, ended: bool) -> str:
    """The cell's state in one word."""
    state = mapping(cell.metadata.get("papermill")).get("status")
    if state == RUNNING and ended:
        return KILLED
    return state if isinstance(state, str) and state in STATES else "unknown"


def _seconds(cell: NotebookNode) -> float | None:
    record = mapping(cell.metadata.get("papermill"))
    seconds = record.get("duration")
    if isinstance(seconds, int | float) and math.isfinite(seconds):
        return float(seconds)
    return None


def given_parameters(notebook: NotebookNode) -> dict[str, Any]:
    """The parameters that papermill's metadata names, for a notebook without a run.json."""
    given = mapping(notebook.metadata.get("papermill")).get("parameters")
    return dict(given) if isinstance(given, Mapping) else {}

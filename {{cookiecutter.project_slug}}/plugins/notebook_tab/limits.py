"""Cuts a notebook down to what a browser shows without freezing, and says where something was left out."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from nbformat import NotebookNode

from .notebook import megabytes, text_of

MEGABYTE = 1_000_000
# Of a long text the beginning and, since that is where an error stands, more of its end.
TEXT_HEAD, TEXT_TAIL = 20_000, 80_000
# A table of two megabytes has some twenty thousand cells; a script may bring a whole plotting library along.
MARKUP = 2 * MEGABYTE
SCRIPT_OR_IMAGE = 8 * MEGABYTE
OUTPUTS_OF_A_CELL = 200
PAGE = 16 * MEGABYTE

IMAGES = frozenset({"image/png", "image/jpeg", "image/svg+xml"})
# Of the forms in which an output comes the first of these is shown. Widgets are not: they need a kernel.
FORMS = ("text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain")
# A bar that draws itself anew leaves every form it had; only the last one counts.
OVERWRITTEN = re.compile(r"^.*\r(?=[^\r\n])", re.MULTILINE)


class Budget:
    """What a page may still hold."""

    def __init__(self, size: int = PAGE) -> None:
        self._left = size

    def take(self, output: NotebookNode) -> NotebookNode:
        """The output where it fits, else a note."""
        size = _size(output)
        if size > self._left:
            return _note(f"an output of {megabytes(size)}")
        self._left -= size
        return output


def limit(notebook: NotebookNode) -> None:
    """Keep of every output the one form of it that is shown; put a note where something is too big."""
    budget = Budget()
    for cell in notebook.cells:
        cell.source = shortened(cell.source)
        if cell.cell_type == "code":
            outputs = list(_joined(cell.outputs))
            more = len(outputs) - OUTPUTS_OF_A_CELL
            cell.outputs = [budget.take(_one_form(output)) for output in outputs[:OUTPUTS_OF_A_CELL]]
            if more > 0:
                cell.outputs.append(_note(f"{more} more outputs of this cell"))


def shortened(text: str) -> str:
    """A long text without its middle."""
    left_out = len(text) - TEXT_HEAD - TEXT_TAIL
    if left_out <= 0:
        return text
    return f"{text[:TEXT_HEAD]}\n… {left_out:,} characters omitted …\n{text[-TEXT_TAIL:]}"


def _joined(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Streams that follow one another as one: a cell may have thousands of pieces."""
    for name, group in groupby(outputs, key=_stream_name):
        if name is None:
            yield from group
        else:
            text = "".join(text_of(piece.get("text")) for piece in group)
            text = OVERWRITTEN.sub("", text.replace("\r\n", "\n"))
            yield NotebookNode(output_type="stream", name=name, text=shortened(text))


def _stream_name(output: NotebookNode) -> str | None:
    if output.get("output_type") != "stream":
        return None
    return "stderr" if output.get("name") == "stderr" else "stdout"


def _one_form(output: NotebookNode) -> NotebookNode:
    kind = output.get("output_type")
    if kind == "stream":
        return output
    if kind == "error":
        lines = output.get("traceback")
        text = "\n".join(map(str, lines)) if isinstance(lines, list) and lines else _error_line(output)
        return NotebookNode(output_type="error", ename="", evalue="", traceback=[shortened(text)])
    data = output.get("data")
    form = next((form for form in FORMS if isinstance(data, dict) and form in data), None)
    if form is None:
        return _note(f"an output that is {' or '.join(data) if isinstance(data, dict) and data else 'empty'}")
    text = text_of(data[form])
    if form == "text/plain":
        text = shortened(text)
    if len(text) > _allowed(form, text):
        return _note(f"{form} of {megabytes(len(text))}")
    return NotebookNode(output_type="display_data", data={form: text}, metadata=NotebookNode())


def _error_line(output: NotebookNode) -> str:
    return f"{output.get('ename')}: {output.get('evalue')}"


def _allowed(form: str, text: str) -> int:
    return SCRIPT_OR_IMAGE if form in IMAGES or "<script" in text else MARKUP


def _note(what: str) -> NotebookNode:
    words = html.escape(f"omitted: {what}. Download the notebook to see it.")
    return NotebookNode(
        output_type="display_data",
        data={"text/html": f'<p class="omitted">{words}</p>'},
        metadata=NotebookNode(),
    )


def _size(value: Any) -> int:
    """How many characters of text a value holds, roughly."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 0

"""Names cells for people: `4/12 "Fit model"`."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence

from nbformat import NotebookNode

from .log import say

TITLE_WIDTH = 60
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", flags=re.MULTILINE)


class Progress:
    """The code cells of a notebook, counted, each with the heading above it or its first line."""

    def __init__(self, cells: Sequence[NotebookNode]) -> None:
        self._titles = _titles(cells)
        self._numbers = {index: number for number, index in enumerate(self._titles, start=1)}

    def name(self, index: int) -> str:
        """Return the cell's number, the number of all, and its title."""
        if index not in self._numbers:
            return '"Parameters given"'
        return f"{self._numbers[index]}/{len(self._numbers)} {self._titles[index]}"

    def announce(self, index: int) -> None:
        """Say that a cell starts; text between the cells is not announced."""
        if index in self._numbers:
            say(self.name(index))

    async def keep_saying(self, index: int, seconds: float) -> None:
        """Say that a long cell still runs."""
        started = time.monotonic()
        while True:
            await asyncio.sleep(seconds)
            say(f"{self.name(index)}: running for {(time.monotonic() - started) / 60:.0f} min")

    def not_run(self, index: int | None) -> str:
        """Return which code cells come after this one."""
        left = [number for cell, number in self._numbers.items() if index is None or cell > index]
        if not left:
            return ""
        cells = f"cell {left[0]}" if len(left) == 1 else f"cells {left[0]} to {left[-1]}"
        return f"not run: {cells} of {len(self._numbers)}"


def _titles(cells: Sequence[NotebookNode]) -> dict[int, str]:
    titles: dict[int, str] = {}
    heading = ""
    for index, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            heading = (HEADING.findall(cell.source) or [heading])[-1]
        elif cell.cell_type == "code" and cell.source.strip():
            if (title := _title(cell, heading)) is not None:
                titles[index] = title
            heading = ""
    return titles


def _title(cell: NotebookNode, heading: str) -> str | None:
    """Return None for papermill's cell: the author's own are counted."""
    tags = cell.metadata.get("tags", [])
    if "injected-parameters" in tags:
        return None
    if "parameters" in tags:
        return '"Parameters"'
    return f'"{_shortened(heading)}"' if heading else _shortened(_first_line(cell.source))


def _first_line(source: str) -> str:
    return next(line.strip() for line in source.splitlines() if line.strip())


def _shortened(text: str) -> str:
    return text if len(text) <= TITLE_WIDTH else f"{text[: TITLE_WIDTH - 1]}…"

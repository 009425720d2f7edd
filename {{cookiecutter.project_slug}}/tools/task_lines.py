"""How a task instance, its state and its result are written on a line."""

from __future__ import annotations

import json
from typing import Any

from tools import terminal

FINAL = ("success", "failed", "skipped", "upstream_failed", "removed")
COLOURS = {"success": terminal.GREEN, "failed": terminal.RED, "upstream_failed": terminal.RED}


def label(task: str, map_index: int) -> str:
    return task if map_index < 0 else f"{task}[{map_index}]"


def line(name: str, state: str, duration: float | None) -> str:
    """A task instance, its state, and how long it took where it has ended."""
    seconds = f"  {duration:.1f} s" if state in FINAL and duration else ""
    return f"  {name:<24} {terminal.coloured(state, COLOURS.get(state, terminal.GREY))}{seconds}"


def pretty(value: Any) -> str:
    """JSON over several lines, indented."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "\n".join(f"    {row}" for row in text.splitlines())


def short(value: Any, width: int = 110) -> str:
    """JSON on one line, cut."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= width else f"{text[: width - 3]}..."

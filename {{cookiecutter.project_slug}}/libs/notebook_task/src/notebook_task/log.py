"""What a person reads in the task's log: whole lines, no colour codes, no progress-bar frames."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from .parameters import Declared, Resolution

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
VALUE_WIDTH = 60
# what passes through make and a shell unharmed
SETTINGS = re.compile(r"[\w=.,:/+ -]{1,300}")


def say(text: str) -> None:
    """Print and flush, so that the log shows it now."""
    print(text, flush=True)


def plain(text: str) -> str:
    """Return the text without escape sequences."""
    return ANSI.sub("", text)


class LineWriter:
    """Passes text on line by line; of a line that overwrites itself, only its last form."""

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> None:
        """Print every line that is now complete."""
        *lines, rest = (self._rest + text).replace("\r\n", "\n").split("\n")
        # a trailing '\r' still waits for what overwrites the line, or for its '\n'
        self._rest = rest[rest.rfind("\r", 0, -1) + 1 :] if "\r" in rest else rest
        if lines:
            sys.stdout.write("".join(f"{_last_form(plain(line))}\n" for line in lines))
            sys.stdout.flush()

    def finish(self) -> None:
        """Print what came without a newline at its end."""
        if self._rest:
            rest, self._rest = self._rest, ""
            say(_last_form(plain(rest)))


def _last_form(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]


def parameter_table(declared: Declared, resolution: Resolution) -> str:
    """Return one line a parameter: name, value, source."""
    rows = [
        (name, _shown(item.value), item.source)
        for name in declared.names
        if (item := resolution.given.get(name)) is not None
    ]
    rows += [
        (name, _shown(declared.defaults.get(name)), "default")
        for name in declared.names
        if name not in resolution.given
    ]
    if not rows:
        return "no parameters"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"  {name:<{widths[0]}}  {value:<{widths[1]}}  {source}" for name, value, source in rows)


def reproduction(task: str, resolution: Resolution) -> str:
    """Return the command that runs the task by hand with the same parameters."""
    values = {
        name: item.value
        for name, item in resolution.given.items()
        if not item.source.startswith("params.yaml")
    }
    if not values:
        return f"make run task={task}"
    settings = " ".join(f"{name}={_as_setting(value)}" for name, value in values.items())
    if any(" " in _as_setting(value) for value in values.values()) or not SETTINGS.fullmatch(settings):
        return (
            f"make run task={task}, with the values of the saved notebook's cell tagged injected-parameters"
        )
    return f'make run task={task} set="{settings}"'


def _as_setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_WIDTH else f"{text[: VALUE_WIDTH - 1]}…"


def shown_result(result: Any) -> str:
    """Return the result on one line, shortened."""
    text = json.dumps(result, ensure_ascii=False)
    return text if len(text) <= 500 else f"{text[:499]}… ({len(text)} characters)"


def unused_offers(resolution: Resolution, offered: Mapping[str, Any]) -> str:
    """Return the line about DAG params that this task does not declare."""
    given = [name for name in resolution.unused if offered[name] is not None]
    return f"DAG params this task does not use: {', '.join(given)}" if given else ""

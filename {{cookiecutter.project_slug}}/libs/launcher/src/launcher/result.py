"""Reads what a task left: bounded, as strict JSON, never trusting it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from launcher.backends.base import Unreadable

RESULT = "out/result.json"
OUTCOME = "out/outcome.json"
OUTCOME_LIMIT = 64 * 1024
REASON_LIMIT = 2000

# Reads a file of the task dir: (path, limit in bytes) -> content, or None where there is no file.
ReadFile = Callable[[str, int], bytes | None]


class InvalidResult(ValueError):
    """A result file that is no strict JSON; the text says what was found."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """out/outcome.json: the task's own words about its end. Empty where the task left none."""

    reason: str = ""
    retry: bool = True
    artifacts: dict[str, str] = field(default_factory=dict)


def parse_result(content: bytes) -> Any:
    """The value of a result file. Raises InvalidResult."""
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise InvalidResult("it is not UTF-8") from None
    except RecursionError:
        raise InvalidResult("it is nested too deeply") from None
    except ValueError as error:
        raise InvalidResult(f"it is not JSON: {error}") from None


def read_report(read: ReadFile) -> Report:
    """The task's own words; a broken file counts as none, because the exit code alone decides then."""
    try:
        content = read(OUTCOME, OUTCOME_LIMIT)
        found = parse_result(content) if content is not None else {}
    except (InvalidResult, Unreadable):
        found = {}
    if not isinstance(found, dict):
        return Report()
    artifacts = found.get("artifacts")
    return Report(
        reason=str(found.get("reason") or "")[:REASON_LIMIT],
        retry=found.get("retry") is not False,
        artifacts={str(k): str(v) for k, v in artifacts.items()} if isinstance(artifacts, dict) else {},
    )


def _refuse(constant: str) -> NoReturn:
    raise InvalidResult(f"it holds {constant}, which JSON does not know")

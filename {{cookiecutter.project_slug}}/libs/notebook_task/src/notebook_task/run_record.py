"""run.json: what an attempt was given, what it returned and how it ended, beside its executed notebook."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .errors import OK
from .json_files import encode
from .log import say
from .session import read_result
from .store import StoreError

if TYPE_CHECKING:
    from .attempt import Attempt
    from .outcome import Outcome
    from .parameters import Declared

SCHEMA = 1
FILE = "run.json"


class RunRecord:
    """Written when the attempt begins and again when it ends; without an end, nobody lived to write it."""

    def __init__(self, attempt: Attempt, declared: Declared) -> None:
        self._attempt = attempt
        self._content: dict[str, Any] = {
            "schema": SCHEMA,
            "identity": asdict(attempt.request.identity),
            "started": _now(),
            "ended": None,
            "parameters": _parameters(attempt, declared),
            "reproduce": attempt.reproduction,
            "outcome": None,
            "result": None,
            "artifacts": {},
        }

    def begin(self) -> None:
        """Keep what is known before anything runs. The record is worth no failure of its own."""
        with suppress(StoreError):
            self._write()

    def end(self, outcome: Outcome) -> None:
        """Keep how it ended; of a task that did not succeed no result was handed over."""
        self._content["ended"] = _now()
        self._content["outcome"] = {
            "exit_code": outcome.exit_code,
            "reason": outcome.reason,
            "retry": outcome.retry,
        }
        self._content["artifacts"] = outcome.artifacts
        if outcome.exit_code == OK:
            self._content["result"] = read_result(self._attempt.workspace.spool)
        try:
            self._write()
        except StoreError as error:
            say(str(error))

    def _write(self) -> None:
        self._attempt.store.write(f"{self._attempt.artifacts}/{FILE}", encode(self._content))


def _parameters(attempt: Attempt, declared: Declared) -> list[dict[str, Any]]:
    given = attempt.resolution.given
    return [
        {"name": name, "value": _plain(given[name].value), "source": given[name].source}
        if name in given
        else {"name": name, "value": _plain(declared.defaults.get(name)), "source": "default"}
        for name in declared.names
    ]


def _plain(value: Any) -> Any:
    """Return the value as JSON has it; what JSON has no form for, such as a date, as text."""
    try:
        return json.loads(json.dumps(value, default=str, allow_nan=False))
    except (TypeError, ValueError):
        return str(value)


def _now() -> str:
    return datetime.now(UTC).isoformat()

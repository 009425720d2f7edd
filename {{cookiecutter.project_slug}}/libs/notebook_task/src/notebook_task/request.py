"""What the launcher staged for this attempt: `$TASK_DIR/in/params.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .errors import InputError
from .identity import Identity

SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Request:
    """One attempt as asked for; `staged` is False for a run by hand, which has no upstream."""

    identity: Identity
    parameters: dict[str, Any] = field(default_factory=dict)
    offered: dict[str, Any] = field(default_factory=dict)
    upstream: dict[str, Any] = field(default_factory=dict)
    deadline: float | None = None
    staged: bool = False


def read_request(task_dir: Path | None, task_folder: Path) -> Request:
    """Read what was staged below `task_dir`, else describe a run by hand.

    :raises InputError: the file is no params.json of this schema.
    """
    path = task_dir / "in" / "params.json" if task_dir else None
    if path is None or not path.exists():
        return Request(identity=by_hand(task_folder))
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path}: not a params.json of schema {SCHEMA}: {error!r}") from error


def by_hand(task_folder: Path) -> Identity:
    """Return the identity of a run that no launcher started."""
    # no ':' in it: the run's name becomes a folder, and macOS' Finder shows ':' as '/'
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    return Identity(dag="local", run=started, task=task_folder.name)


def _parse(content: dict[str, Any]) -> Request:
    if content["schema"] != SCHEMA:
        raise ValueError(f"schema {content['schema']!r}; rebuild the image: make build")
    return Request(
        identity=Identity.from_mapping(content["identity"]),
        parameters=content.get("parameters") or {},
        offered=content.get("offered") or {},
        upstream=content.get("upstream") or {},
        deadline=content.get("deadline"),
        staged=True,
    )

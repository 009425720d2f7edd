"""Where an attempt keeps its executed notebook and its artifacts, for writer and reader alike."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from .identity import Identity


def attempt_path(*, dag: str, run: str, task: str, map_index: int = -1, try_number: int = 1) -> str:
    """Return the folder of one attempt below `ARTIFACTS_URL`, with `/` between its five parts.

    :raises ValueError: an id is empty, `.`, `..` or holds a `/`.
    """
    return "/".join(_folder_name(str(part)) for part in (dag, run, task, map_index, try_number))


def instance_path(identity: Identity) -> str:
    """Return the folder of a task instance below `DATA_URL`: the same for each of its tries."""
    parts = (identity.dag, identity.run, identity.task, str(identity.map_index))
    return "/".join(_folder_name(part) for part in parts)


def path_of(identity: Identity) -> str:
    """Return `attempt_path` of this attempt."""
    return attempt_path(
        dag=identity.dag,
        run=identity.run,
        task=identity.task,
        map_index=identity.map_index,
        try_number=identity.try_number,
    )


def _folder_name(part: str) -> str:
    if part in {"", ".", ".."} or "/" in part:
        raise ValueError(
            f"{part!r} cannot be part of an artifact's path: it is empty, '.', '..' or holds '/'"
        )
    return quote(part, safe="")

"""The results of the tasks before this one: `from notebook_task import upstream`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from .session import current


class UpstreamResults(Mapping[str, Any]):
    """Results by task id; a mapped task's is a list ordered by map index, None where skipped."""

    def __getitem__(self, task: str) -> Any:
        results = current().upstream
        if task in results:
            return results[task]
        raise KeyError(_missing(task, list(results)))

    def __iter__(self) -> Iterator[str]:
        return iter(current().upstream)

    def __len__(self) -> int:
        return len(current().upstream)

    def __repr__(self) -> str:
        return repr(current().upstream)


def _missing(task: str, known: list[str]) -> str:
    if not known:
        return f"no result of {task!r}: no task ran before this one (a run by hand has no upstream)"
    closest = get_close_matches(task, known, n=1)
    hint = f"; did you mean {closest[0]!r}?" if closest else ""
    return f"no result of {task!r} among the direct upstreams {sorted(known)}{hint}"

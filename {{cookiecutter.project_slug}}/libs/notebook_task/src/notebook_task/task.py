"""What an author calls from a notebook or a script: `from notebook_task import task`.

Standard library only: a task's environment holds what its requirements.txt says and nothing of ours.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .artifacts import instance_path, path_of
from .errors import TaskFailed, TaskSkipped
from .json_files import write_json
from .json_values import to_json
from .session import current, read_result, write_result

if TYPE_CHECKING:
    from .identity import Identity

    context: Identity


def __getattr__(name: str) -> Identity:
    """`task.context`: dag, run, task, map_index, try_number, logical_date of this attempt."""
    if name == "context":
        return current().identity
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def result(values: Mapping[str, Any] | None = None, /, **named: Any) -> None:
    """Hand values to later tasks; a second call adds to the first.

    Small values only. Numpy and pandas scalars, dates and paths are converted; data goes to a file.

    :raises ResultError: a value is not JSON (the message names it), or all of them are too big.
    """
    given = {**(values or {}), **named}
    checked = {name: to_json(value, f"result {name!r}") for name, value in given.items()}
    session = current()
    if session.spool is None:
        print(f"task.result: {json.dumps(checked, ensure_ascii=False)}")
        return
    write_result(session.spool, {**(read_result(session.spool) or {}), **checked})


def artifact(source: Any, name: str | None = None) -> str:
    """Keep a file or a figure beside the executed notebook; return its path below `ARTIFACTS_URL`.

    :param source: a path, or anything with `savefig` (a matplotlib figure).
    :param name: the file's name there; by default the name of the source.
    """
    name = _plain_name(name or Path(source).name)
    session = current()
    if session.spool is None:
        print(f"task.artifact: {name}")
        return name
    target = session.spool / "artifacts" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if hasattr(source, "savefig"):
        source.savefig(target)
    else:
        shutil.copyfile(source, target)
    return f"{path_of(session.identity)}/{name}"


def skip(reason: str) -> None:
    """End the task here as skipped."""
    _end("skip", TaskSkipped(reason), retry=None)


def fail(reason: str, *, retry: bool = True) -> None:
    """End the task here as failed; `retry=False` when another try cannot help."""
    _end("fail", TaskFailed(reason, retry=retry), retry=retry)


def data_reference(name: str) -> str:
    """Return the path of a file of this task below `DATA_URL`: what goes into a result."""
    return f"{instance_path(current().identity)}/{_plain_name(name)}"


def data_url(reference: str) -> str:
    """Return the full path or URL of a reference, for pandas or `open`; a local folder is made.

    :raises ValueError: the reference leaves `DATA_URL`.
    """
    if reference.startswith("/") or "://" in reference or ".." in reference.split("/"):
        raise ValueError(f"{reference!r} is no reference: it must be a path below DATA_URL")
    base = current().data_url.rstrip("/")
    if "://" not in base:
        Path(base, reference).parent.mkdir(parents=True, exist_ok=True)
    return f"{base}/{reference}"


def _plain_name(name: str) -> str:
    if name in {"", ".", ".."} or "/" in name:
        raise ValueError(f"{name!r} is no file name: leave out folders")
    return name


def _end(kind: str, end: TaskSkipped | TaskFailed, *, retry: bool | None) -> None:
    spool = current().spool
    if spool is None:
        print(f"task.{kind}: {end.reason}")
        return
    write_json(spool / "end.json", {"kind": kind, "reason": end.reason, "retry": retry})
    raise end

"""One attempt from command line to exit code, the same for notebooks and scripts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from . import command_line, log
from .artifacts import path_of
from .errors import OK, STOPPED, ResultError, TaskError
from .outcome import Outcome, deliver_result, write_outcome
from .parameters import Declared, Resolution, resolve
from .params_file import read_params_file
from .request import Request, read_request
from .run_record import RunRecord
from .session import Session, launcher_home, read_result
from .stopping import Stopped, ignore_signals, raise_on_signals
from .store import Store, StoreError, open_store
from .workspace import Workspace, task_dir_by_hand, task_dir_from_environment


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """Everything a task needs to run once."""

    folder: Path
    request: Request
    resolution: Resolution
    workspace: Workspace
    session: Session
    store: Store

    @property
    def artifacts(self) -> str:
        """The attempt's folder below `ARTIFACTS_URL`."""
        return path_of(self.request.identity)

    @property
    def reproduction(self) -> str:
        """What to type to run it again by hand."""
        return log.reproduction(self.request.identity.task, self.resolution)


class TaskKind(Protocol):
    """A notebook or a script."""

    def declared(self) -> Declared:
        """Return its parameters, or raise InputError."""

    def check(self) -> None:
        """Find what is wrong without running it, or raise InputError."""

    def execute(self, attempt: Attempt) -> Outcome:
        """Run it; the result is in the session's spool."""


def run_as_process(kind: TaskKind, folder: Path) -> int:
    """Run the task as the command line and `TASK_DIR` say; return the process' exit code."""
    raise_on_signals()
    # a script's prints show up when they happen, also through a pipe
    sys.stdout.reconfigure(line_buffering=True)
    return main(kind, folder, arguments=sys.argv[1:])


def main(kind: TaskKind, folder: Path, *, arguments: Sequence[str]) -> int:
    """Return the exit code of one attempt; task-contract's table says what each means."""
    task_dir = task_dir_from_environment()
    record: RunRecord | None = None
    try:
        options = command_line.parse(arguments, folder.name)
        if options.describe:
            return _describe(kind, folder)
        request = read_request(task_dir, folder)
        declared, resolution = _resolved(kind, folder, request, given=command_line.given_values(options))
        if options.check:
            return _check(kind, folder)
        attempt = _prepare(folder, request, resolution)
        _introduce(attempt, declared)
        record = RunRecord(attempt, declared)
        record.begin()
        outcome = _finished(kind.execute(attempt), attempt)
        task_dir = attempt.workspace.task_dir
    except TaskError as error:
        outcome = Outcome.from_error(error)
        log.say(f"{folder.name}: {error}")
    except Stopped:
        outcome = Outcome(exit_code=STOPPED, reason="asked to stop")
        log.say("asked to stop")
    ignore_signals()
    if task_dir is not None:
        write_outcome(task_dir / "out", outcome)
    if record is not None:
        record.end(outcome)
    return outcome.exit_code


def _describe(kind: TaskKind, folder: Path) -> int:
    declared = kind.declared()
    in_file = read_params_file(folder / "params.yaml")
    parameters = [
        {
            "name": name,
            "required": name in declared.required,
            "default": in_file.values.get(name, declared.defaults.get(name)),
            "input": in_file.inputs.get(name),
        }
        for name in declared.names
    ]
    log.say(json.dumps({"schema": 1, "task": folder.name, "parameters": parameters}, indent=2, default=str))
    return OK


def _check(kind: TaskKind, folder: Path) -> int:
    kind.check()
    log.say(f"{folder.name}: nothing to complain about")
    return OK


def _resolved(
    kind: TaskKind, folder: Path, request: Request, *, given: dict[str, Any]
) -> tuple[Declared, Resolution]:
    declared = kind.declared()
    params_file = read_params_file(folder / "params.yaml")
    return declared, resolve(declared, request, params_file=params_file, from_command_line=given)


def _prepare(folder: Path, request: Request, resolution: Resolution) -> Attempt:
    task_dir = task_dir_from_environment() or task_dir_by_hand(folder, request.identity)
    workspace = Workspace(task_dir)
    home = launcher_home(folder)
    # what a launcher or an image sets; a notebook reads them the same way in a run by hand
    os.environ.setdefault("EXECUTION_ID", request.identity.run)
    os.environ.setdefault("DATA_URL", str(home / "data"))
    os.environ.setdefault("ARTIFACTS_URL", str(home / "artifacts"))
    session = Session(
        identity=request.identity,
        data_url=os.environ["DATA_URL"],
        spool=workspace.spool,
        upstream=request.upstream,
    )
    try:
        workspace.make(folder)
        session.save(workspace.session_file)
    except OSError as error:
        raise TaskError(f"cannot write below TASK_DIR {task_dir}: {error}") from error
    store = open_store(os.environ["ARTIFACTS_URL"])
    return Attempt(
        folder=folder,
        request=request,
        resolution=resolution,
        workspace=workspace,
        session=session,
        store=store,
    )


def _introduce(attempt: Attempt, declared: Declared) -> None:
    identity = attempt.request.identity
    mapped = f", map index {identity.map_index}" if identity.map_index >= 0 else ""
    lines = [
        f"{identity.task}{mapped}, try {identity.try_number} of run {identity.run}",
        log.parameter_table(declared, attempt.resolution),
        log.unused_offers(attempt.resolution, attempt.request.offered),
    ]
    log.say("\n".join(line for line in lines if line))


def _finished(outcome: Outcome, attempt: Attempt) -> Outcome:
    """Publish artifacts on every path, the result after success only."""
    try:
        outcome = replace(outcome, artifacts={**outcome.artifacts, **_published(attempt)})
    except StoreError as error:
        log.say(str(error))
        outcome = outcome if outcome.exit_code else Outcome.from_error(error)
    if outcome.exit_code != OK:
        return outcome
    try:
        # an operator always expects a result: one that nobody gave is an empty one
        result = read_result(attempt.workspace.spool)
        deliver_result(attempt.workspace.out, {} if result is None else result)
    except (OSError, ValueError) as error:
        raise ResultError(f"cannot write the result: {error}") from error
    log.say(f"result: {log.shown_result({} if result is None else result)}")
    return outcome


def _published(attempt: Attempt) -> dict[str, str]:
    published = {}
    for file in sorted((attempt.workspace.spool / "artifacts").glob("*")):
        path = f"{attempt.artifacts}/{file.name}"
        attempt.store.write(path, file.read_bytes())
        published[file.name] = path
    return published

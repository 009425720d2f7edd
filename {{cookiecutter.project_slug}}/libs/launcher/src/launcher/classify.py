"""The outcome table: what an attempt left behind, and what that means."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from launcher.backends.base import Status
from launcher.outcome import (
    ContainerKilled,
    ContainerOutOfMemory,
    LaunchError,
    Outcome,
    ResultError,
    TaskError,
    TaskFailed,
    TaskRefused,
)
from launcher.result import RESULT, InvalidResult, Report, parse_result
from launcher.spec import TaskSpec

log = logging.getLogger(__name__)

EXIT_REFUSED = (2, 3)
EXIT_SKIP = 99
EXIT_NOT_RUNNABLE = (125, 126, 127)
EXIT_KILLED = (137, 143)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that is known about an attempt that has ended."""

    spec: TaskSpec
    handle: str
    status: Status
    report: Report
    result: bytes | None
    result_problem: str = ""
    stopped: bool = False
    last_lines: tuple[str, ...] = ()


def classify(evidence: Evidence) -> Outcome:
    """The outcome of an attempt that has ended. Raises the TaskError that the evidence calls for."""
    status, report = evidence.status, evidence.report
    code = status.exit_code
    if evidence.stopped:
        raise _error(ContainerKilled, evidence, "stopped on request")
    if status.out_of_memory and code != 0:
        raise _error(ContainerOutOfMemory, evidence, f"out of memory{_limit(status)}")
    if code is None:
        raise _error(ContainerKilled, evidence, "it has gone, and nobody saw how it ended")
    if code == EXIT_SKIP:
        return _outcome(evidence, skipped=True, reason=report.reason or "the task skipped itself")
    if code in EXIT_NOT_RUNNABLE:
        why = status.error or _last_line(evidence)
        raise _error(LaunchError, evidence, f"its command could not be run (exit code {code}): {why}")
    if code in EXIT_KILLED:
        raise _error(
            ContainerKilled, evidence, f"killed by somebody else (exit code {code}): {_killer(code)}"
        )
    if code != 0:
        refused = code in EXIT_REFUSED or not report.retry
        reason = report.reason or status.error or _last_line(evidence)
        raise _error(TaskRefused if refused else TaskFailed, evidence, f"exit code {code}: {reason}")
    if status.out_of_memory:
        log.warning(
            "a process in the container ran out of memory%s, although the task ended well", _limit(status)
        )
    return _succeed(evidence)


def _succeed(evidence: Evidence) -> Outcome:
    if evidence.result is None:
        if evidence.result_problem or evidence.spec.declares_result:
            problem = evidence.result_problem or "the task left none"
            raise _error(ResultError, evidence, f"no result in {RESULT}: {problem}")
        return _outcome(evidence)
    try:
        return _outcome(evidence, result=parse_result(evidence.result))
    except InvalidResult as error:
        raise _error(ResultError, evidence, f"{RESULT} is no result: {error}") from None


def _outcome(
    evidence: Evidence, *, result: object = None, skipped: bool = False, reason: str = ""
) -> Outcome:
    return Outcome(
        result=result,
        skipped=skipped,
        reason=reason,
        exit_code=evidence.status.exit_code or 0,
        handle=evidence.handle,
        artifacts=evidence.report.artifacts,
        last_lines=evidence.last_lines,
    )


def _error(kind: type[TaskError], evidence: Evidence, reason: str) -> TaskError:
    what = f"{evidence.spec.identity.task}: {reason}"
    return kind(
        what, exit_code=evidence.status.exit_code, handle=evidence.handle, last_lines=evidence.last_lines
    )


def _limit(status: Status) -> str:
    return f" at {status.memory_limit / 2**20:.0f} MiB" if status.memory_limit else ""


def _killer(code: int) -> str:
    if code == 137:
        return "SIGKILL, most often for want of memory on the host"
    return "SIGTERM, such as a restart of the engine"


def _last_line(evidence: Evidence) -> str:
    return next((line.strip() for line in reversed(evidence.last_lines) if line.strip()), "it wrote no log")

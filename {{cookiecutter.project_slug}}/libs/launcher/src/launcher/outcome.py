"""What comes up from a task: an Outcome, or one of these errors. None of it knows Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


class LauncherError(Exception):
    """Everything the launcher raises; `retry` says whether another try could end differently."""

    retry: ClassVar[bool] = False


class SettingsError(LauncherError):
    """An environment variable holds what it may not hold."""


class UnknownTask(LauncherError):
    """There is no task folder of that name."""


class SpecError(LauncherError):
    """A parameter or an upstream result is not JSON."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The end of an attempt that did not fail."""

    result: Any = None
    skipped: bool = False
    reason: str = ""
    exit_code: int = 0
    handle: str = ""
    artifacts: Mapping[str, str] = field(default_factory=dict)
    last_lines: tuple[str, ...] = ()


class TaskError(LauncherError):
    """An attempt that failed, with the evidence.

    :param reason: one sentence for a person
    :param exit_code: of the container or process, None when it never ran or is out of sight
    :param handle: container id, or name of the run in the process backend
    :param last_lines: the end of the task's log
    """

    def __init__(
        self,
        reason: str,
        *,
        exit_code: int | None = None,
        handle: str = "",
        last_lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exit_code = exit_code
        self.handle = handle
        self.last_lines = last_lines


class TaskFailed(TaskError):
    """The task itself ended with an error; retried as the DAG says."""

    retry = True


class TaskRefused(TaskError):
    """The task says that another try ends the same way: exit 2, exit 3 or fail(retry=False)."""


class ResultError(TaskError):
    """The task ended well, but its declared result is missing, no JSON or too big."""


class LaunchError(TaskError):
    """The task could not be started, and a retry would not change that."""


class ContainerOutOfMemory(TaskError):
    """The kernel killed the container, or a process in it, at the memory limit."""

    retry = True


class ContainerKilled(TaskError):
    """Somebody stopped the task: SIGKILL, SIGTERM, or it was removed while it ran."""

    retry = True


class EngineLost(TaskError):
    """The engine did not answer for too long; the container is left for the next try."""

    retry = True


class Superseded(TaskError):
    """A later try of the same task instance has taken the container over; it is no longer this one's."""

    retry = True


class AlreadyRunning(TaskError):
    """Another attempt of the same task instance is being started at the same time."""

    retry = True

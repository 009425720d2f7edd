"""What the lifecycle asks of a backend. The conformance suite in tests/ holds each backend to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from launcher.settings import Settings
from launcher.spec import Identity, TaskSpec


class BackendError(Exception):
    """Raised by backends towards the lifecycle, which makes a typed outcome of it."""


class Unreachable(BackendError):
    """The engine does not answer; it may answer later."""


class Gone(BackendError):
    """There is no container or run of that handle any more."""


class NameTaken(BackendError):
    """Somebody else created a container of this name first."""


class Unreadable(BackendError):
    """What lies at the path is no regular file, or is larger than the limit."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A container or run that carries the name or the labels of a task instance.

    :param state: created means that there is nothing to wait for: it was never started, or is half removed
    :param exit_code: None unless it has ended and somebody saw how
    :param created: a time as text that sorts
    """

    handle: str
    state: Literal["created", "running", "ended"]
    exit_code: int | None = None
    created: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def running(self) -> bool:
        return self.state == "running"


@dataclass(frozen=True, kw_only=True)
class Status:
    """What the engine says about a container or run that was started.

    :param memory_limit: in bytes, None without one
    :param error: the engine's own words on why it did not start or ended
    """

    running: bool
    exit_code: int | None = None
    out_of_memory: bool = False
    memory_limit: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Piece:
    """A part of a log: a line, or a part of one when it does not end with a newline.

    Positions grow along a stream; a backend gives a piece the same one each time it is read.
    """

    stream: str
    data: bytes
    position: int


class Backend(Protocol):
    """Runs task specs. Every call may raise Unreachable; those on a handle may raise Gone."""

    def prepare(self, spec: TaskSpec) -> str:
        """Make sure that the task can be created; the identity of what would run.

        Raises LaunchError, with what to type, when it cannot.
        """

    def find(self, identity: Identity) -> list[Found]:
        """What exists of the task instance, by its name and by its labels, of any try and in any state."""

    def create(self, spec: TaskSpec, *, name: str, labels: Mapping[str, str]) -> str:
        """Create without starting; the handle. Raises NameTaken, LaunchError."""

    def stage(self, handle: str, files: Mapping[str, bytes]) -> None:
        """Put files into the task dir, by path relative to it, and make its folders."""

    def start(self, handle: str) -> None:
        """Start. Raises LaunchError when the command cannot be run."""

    def status(self, handle: str) -> Status:
        """Whether it runs, and how it ended."""

    def logs(self, handle: str, *, since: int, follow: bool) -> Iterator[Piece]:
        """The log from a position on or a little before; with follow until the task ends."""

    def read(self, handle: str, path: str, *, limit: int) -> bytes | None:
        """A file of the task dir, None where there is none. Raises Unreadable before reading it."""

    def write(self, handle: str, path: str, content: bytes) -> None:
        """Put one file into the task dir, whether it runs or has ended."""

    def hurried(self) -> AbstractContextManager[None]:
        """For a signal handler: calls within give up after a second or two, and may interrupt another one."""

    def stop(self, handle: str, *, grace: float) -> None:
        """Ask it to end, and let it be killed after grace seconds. Does not wait; safe in a signal handler.

        A backend that cannot leave the killing to others is asked once more, with no grace.
        """

    def remove(self, handle: str) -> None:
        """Remove it and whatever belongs to it alone. Nothing happens if it is gone."""


def contract_environment(spec: TaskSpec, settings: Settings, task_dir: str) -> dict[str, str]:
    """The environment variables of the task contract on top of the operator's own."""
    return {
        **spec.environment,
        "TASK_DIR": task_dir,
        "EXECUTION_ID": spec.identity.run,
        "DATA_URL": settings.data_url,
        "ARTIFACTS_URL": settings.artifacts_url,
        "LAUNCHER_RESULT_LIMIT": str(settings.result_limit),
    }

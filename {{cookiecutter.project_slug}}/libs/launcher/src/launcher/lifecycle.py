"""One attempt of a task, from looking for what an earlier one left to removing its own container.

    prepare → find → create → stage → start → watch → collect → classify → remove

The status poll alone decides that a task has ended; the log pump only shows. Nothing here knows Airflow, so
`python3 -m tools run` calls the same `run` as the operators.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import NoReturn, TypeVar

from launcher.backends.base import Backend, Found, Gone, NameTaken, Piece, Status, Unreachable, Unreadable
from launcher.classify import Evidence, classify
from launcher.logs import LogPump, Show
from launcher.outcome import AlreadyRunning, ContainerKilled, EngineLost, Outcome
from launcher.result import RESULT, read_report
from launcher.spec import TaskSpec

log = logging.getLogger(__name__)

PARAMS = "in/params.json"

# Airflow kills a task's process 5 s after it has called on_kill, and the rest of the work needs some of them.
KILL_GRACE = 3.0
# The contract gives a task 5 s to save its notebook.
STOP_GRACE = 6.0
# How long the engine may need on top of a grace period.
STOP_MARGIN = 10.0
DAEMON_LOSS_TIMEOUT = 120.0

T = TypeVar("T")


def run(spec: TaskSpec, backend: Backend, *, show: Show = print, result_limit: int = 1024 * 1024) -> Outcome:
    """Run one try of a task to its end.

    Raises a TaskError, with exit code, reason, last lines and container id, when the task did not end well.
    """
    return Attempt(spec, backend, show=show, result_limit=result_limit).run()


class Attempt:
    """One try of one task instance; `kill` may be called at any time, from a signal handler too."""

    def __init__(
        self,
        spec: TaskSpec,
        backend: Backend,
        *,
        show: Show,
        result_limit: int,
        daemon_loss_timeout: float = DAEMON_LOSS_TIMEOUT,
    ) -> None:
        self._spec = spec
        self._backend = backend
        self._result_limit = result_limit
        self._daemon_loss_timeout = daemon_loss_timeout
        self._handle = ""
        self._killed_at: float | None = None
        self._ended = False
        self._pump = LogPump(self._read_log, show)

    def run(self) -> Outcome:
        """See `run` of this module."""
        try:
            self._launch()
            evidence = self._collect(self._watch())
        except EngineLost:
            raise
        except Unreachable as error:
            self._abandon()
            raise EngineLost(str(error), handle=self._handle) from error
        except Gone:
            raise ContainerKilled("somebody removed it before it was started", handle=self._handle) from None
        except BaseException:
            # Airflow's timeout among them: nothing may stay behind, and nothing may take its place.
            self._abandon()
            raise
        self._remove()
        return classify(evidence)

    def kill(self) -> None:
        """Ask the task to stop and return at once; `run` then ends with ContainerKilled. Never raises."""
        if self._ended or self._killed_at is not None:
            return
        self._killed_at = time.monotonic()
        if self._handle:
            try:
                self._backend.stop(self._handle, grace=KILL_GRACE)
            except Exception as error:
                log.warning("the stop could not be sent: %s", error)

    def _launch(self) -> None:
        params = self._spec.params_json()
        image_id = self._backend.prepare(self._spec)
        self._handle = self._create(image_id)
        self._backend.stage(self._handle, {PARAMS: params})
        if self._killed_at is not None:
            raise ContainerKilled("stopped before it was started", handle=self._handle)
        self._backend.start(self._handle)
        log.info("started %s as %s", self._spec.image, self._spec.identity.name)
        self._pump.start()

    def _create(self, image_id: str) -> str:
        name, labels = self._spec.identity.name, self._spec.labels(image_id)
        for _ in range(3):
            for found in self._backend.find(name):
                self._clear_away(found)
            try:
                return self._backend.create(self._spec, name=name, labels=labels)
            except NameTaken:
                log.info("%s was created by somebody else in this moment: looking again", name)
        raise AlreadyRunning(f"somebody else creates {name} at the same time: does this task run twice?")

    def _clear_away(self, found: Found) -> None:
        attempt = found.labels.get("launcher.try-number", "?")
        state = "still runs and is stopped" if found.running else "is removed"
        log.info("%s of try %s was left behind; it %s", _short(found.handle), attempt, state)
        if found.running:
            self._stop_and_wait(found.handle)
        self._backend.remove(found.handle)

    def _watch(self) -> Status:
        for pause in self._pauses():
            status = self._patiently(lambda: self._backend.status(self._handle))
            if not status.running:
                return status
            self._pump.stirred.wait(pause)
            self._press()
        raise AssertionError("the pauses never end")

    def _pauses(self) -> Iterator[float]:
        # Rare while the task runs; quick as soon as the end of its log says that it may have ended.
        pause = 0.1
        while True:
            yield pause
            if self._pump.stirred.is_set():
                self._pump.stirred.clear()
                pause = 0.01
            pause = min(pause * 1.5, 1.0 if self._killed_at is None else 0.1)

    def _press(self) -> None:
        """Kill what ignores the stop, for a backend whose engine does not."""
        if self._killed_at is not None and time.monotonic() > self._killed_at + KILL_GRACE:
            self._backend.stop(self._handle, grace=0)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """The answer of the engine, waiting for an engine that is away for a while."""
        lost_at: float | None = None
        while True:
            try:
                answer = ask()
            except Gone:
                raise ContainerKilled(
                    "somebody removed it while it ran", handle=self._handle, last_lines=self._pump.last_lines
                ) from None
            except Unreachable as error:
                now = time.monotonic()
                if lost_at is None:
                    lost_at = now
                    log.warning("%s; waiting up to %.0f s for it", error, self._daemon_loss_timeout)
                if now - lost_at > self._daemon_loss_timeout:
                    self._lose(error)
                time.sleep(1)
                continue
            if lost_at is not None:
                log.info("the engine answers again, after %.0f s", time.monotonic() - lost_at)
            return answer

    def _lose(self, error: Unreachable) -> NoReturn:
        self._pump.close()
        raise EngineLost(
            f"{error}, for {self._daemon_loss_timeout:.0f} s; {_short(self._handle)} is left to the next try",
            handle=self._handle,
            last_lines=self._pump.last_lines,
        ) from None

    def _collect(self, status: Status) -> Evidence:
        self._ended = True
        stopped = self._killed_at is not None
        self._pump.drain(patience=1.0 if stopped else 5.0, limit=2.0 if stopped else 600.0)
        result, problem = self._result() if status.exit_code == 0 else (None, "")
        return Evidence(
            spec=self._spec,
            handle=self._handle,
            status=status,
            report=self._patiently(lambda: read_report(self._read_file)),
            result=result,
            result_problem=problem,
            stopped=stopped,
            last_lines=self._pump.last_lines,
        )

    def _result(self) -> tuple[bytes | None, str]:
        try:
            return self._patiently(lambda: self._read_file(RESULT, self._result_limit)), ""
        except Unreadable as error:
            return None, str(error)

    def _read_file(self, path: str, limit: int) -> bytes | None:
        return self._backend.read(self._handle, path, limit=limit)

    def _read_log(self, since: int, follow: bool) -> Iterator[Piece]:
        return self._backend.logs(self._handle, since=since, follow=follow)

    def _abandon(self) -> None:
        """Stop and remove what this try has made, whatever is known of it. Never raises."""
        self._ended = True
        try:
            for found in self._mine():
                log.info("stopping %s", _short(found.handle))
                if found.running:
                    self._stop_and_wait(found.handle)
                self._pump.drain(patience=1.0, limit=5.0)
                self._backend.remove(found.handle)
        except Exception as error:
            log.warning("%s could not be cleared away: %s", self._spec.identity.name, error)
        self._pump.close()

    def _mine(self) -> list[Found]:
        # By name: the interruption may have come between the create and our knowing its answer.
        found = self._backend.find(self._spec.identity.name)
        own = (str(self._spec.identity.try_number), self._spec.task_instance)
        return [
            one
            for one in found
            if (one.labels.get("launcher.try-number"), one.labels.get("launcher.task-instance")) == own
        ]

    def _stop_and_wait(self, handle: str) -> None:
        self._backend.stop(handle, grace=STOP_GRACE)
        asked = time.monotonic()
        while self._backend.status(handle).running:
            waited = time.monotonic() - asked
            if waited > STOP_GRACE + STOP_MARGIN:
                raise Unreachable(f"{_short(handle)} does not stop")
            if waited > STOP_GRACE:
                self._backend.stop(handle, grace=0)
            time.sleep(0.1)

    def _remove(self) -> None:
        """The outcome is known by now; a container that stays behind must not change it."""
        try:
            self._backend.remove(self._handle)
        except Exception as error:
            log.warning("%s could not be removed: %s", _short(self._handle), error)


def _short(handle: str) -> str:
    return handle[:12] if handle.isalnum() else handle

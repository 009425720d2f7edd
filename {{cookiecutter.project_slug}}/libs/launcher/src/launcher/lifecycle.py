"""One attempt of a task, from looking for what an earlier one left to removing its container.

    prepare → find → adopt ───────────────────┐
                   → harvest ─────────────────┤
                   → create → stage → start → watch → collect → classify → (the caller reports) → release

A crash between any two of them leaves what the next try finds and goes on with. The status poll alone
decides that a task has ended; the log pump only shows. Nothing here knows Airflow, so `python3 -m tools run`
calls the same `run` as the operators.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NoReturn, TypeVar

from launcher.backends.base import (
    Backend,
    BackendError,
    Gone,
    NameTaken,
    Piece,
    Status,
    Unreachable,
    Unreadable,
)
from launcher.classify import Evidence, classify
from launcher.logs import LogPump, Show
from launcher.outcome import AlreadyRunning, ContainerKilled, EngineLost, Outcome, Superseded
from launcher.owner import OWNER, OWNER_LIMIT, STOPPING, Owner
from launcher.result import RESULT, read_report
from launcher.spec import TaskSpec
from launcher.starting import Candidate, Step, decide

log = logging.getLogger(__name__)

PARAMS = "in/params.json"

# Airflow kills a task's process 5 s after it has called on_kill, and the rest of the work needs some of them.
KILL_GRACE = 3.0
# The contract gives a task 5 s to save its notebook.
STOP_GRACE = 6.0
# How long the engine may need on top of a grace period.
STOP_MARGIN = 10.0
DAEMON_LOSS_TIMEOUT = 120.0
# How often to look and decide anew while others create and remove at the same time.
LOOKS = 6

T = TypeVar("T")


def run(spec: TaskSpec, backend: Backend, *, show: Show = print, result_limit: int = 1024 * 1024) -> Outcome:
    """Run one try of a task to its end, and leave nothing behind.

    Raises a TaskError, with exit code, reason, last lines and container id, when the task did not end well.
    """
    attempt = Attempt(spec, backend, show=show, result_limit=result_limit)
    try:
        return attempt.run()
    finally:
        attempt.release()


class Attempt:
    """One try of one task instance; `kill` may be called at any time, from a signal handler too.

    `run` leaves the container of a task that has ended, so that a later try can take its result when this one
    dies before it has reported it; call `release` once the result is safe.
    """

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
        self._own = Owner.of(spec)
        self._result_limit = result_limit
        self._daemon_loss_timeout = daemon_loss_timeout
        self._handle = ""
        self._killed_at: float | None = None
        self._stop_sent = False
        self._superseded = False
        self._ended = False
        self._pump = LogPump(self._read_log, show)

    def run(self) -> Outcome:
        """See `run` of this module."""
        try:
            self._enter()
            evidence = self._collect(self._watch())
        except (EngineLost, Superseded):
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
        if evidence.stopped:
            self.release()
        return classify(evidence)

    def release(self) -> None:
        """Remove the container, unless a later try has taken it over. Never raises: the outcome is known."""
        try:
            if self._handle and self._owns(self._handle):
                self._backend.remove(self._handle)
        except Gone:
            pass
        except Exception as error:
            log.warning("%s could not be removed: %s", _short(self._handle), error)

    def kill(self) -> None:
        """Ask the task to stop and return at once; `run` then ends with ContainerKilled. Never raises."""
        if self._ended or self._killed_at is not None:
            return
        self._killed_at = time.monotonic()
        if self._handle:
            try:
                with self._backend.hurried():
                    self._stop(KILL_GRACE)
            except Exception as error:
                log.warning("the stop could not be sent: %s", error)

    def _stop(self, grace: float) -> None:
        """Stop the container if it is this try's own. The mark comes first: then nobody takes it over."""
        self._write(self._handle, STOPPING)
        if not self._owns(self._handle):
            self._superseded = True
            return
        self._backend.stop(self._handle, grace=grace)
        self._stop_sent = True

    def _owns(self, handle: str) -> bool:
        # Until the file is there, the handle is known to nobody else who would act on it.
        return self._read_owner(handle, OWNER) in (None, self._own)

    def _read_owner(self, handle: str, path: str) -> Owner | None:
        try:
            return Owner.read(self._backend.read(handle, path, limit=OWNER_LIMIT))
        except Unreadable:
            return None

    def _write(self, handle: str, path: str) -> None:
        try:
            self._backend.write(handle, path, self._own.content())
        except Gone:
            raise
        except BackendError as error:
            log.warning("%s of %s could not be written: %s", path, _short(handle), error)

    def _enter(self) -> None:
        """Find what earlier tries left and go on with it, or create a container."""
        params = self._spec.params_json()
        image_id = self._backend.prepare(self._spec)
        for _ in range(LOOKS):
            if self._go_on(image_id, params):
                self._pump.start()
                return
        raise AlreadyRunning(
            f"somebody else creates {self._spec.identity.name} at the same time: does this task run twice?"
        )

    def _go_on(self, image_id: str, params: bytes) -> bool:
        """Look, decide and act; whether this try has a container now, or has to look again."""
        spec_hash, generation = self._spec.digest(image_id), self._spec.generation
        for step in decide(self._candidates(), spec_hash=spec_hash, generation=generation):
            if step.verb == "create":
                return self._create(image_id, params)
            if step.why:
                log.info("%s %s: %s", step.verb, _short(step.handle), step.why)
            try:
                self._take(step)
            except Gone:
                log.info("%s has gone meanwhile: looking again", _short(step.handle))
                return False
        return bool(self._handle)

    def _take(self, step: Step) -> None:
        if step.verb in ("adopt", "harvest"):
            self._take_over(step.handle)
        elif step.verb == "wait":
            self._wait_for_end(step.handle, KILL_GRACE + STOP_MARGIN)
        elif step.verb == "stop":
            self._write(step.handle, OWNER)
            self._write(step.handle, STOPPING)
            self._stop_and_wait(step.handle)
        else:
            self._backend.remove(step.handle)

    def _take_over(self, handle: str) -> None:
        before = self._read_owner(handle, OWNER)
        self._backend.write(handle, OWNER, self._own.content())
        marked = self._read_owner(handle, STOPPING)
        # A mark of some earlier try means nothing: it saw that it was no longer the owner.
        if marked is not None and before in (marked, None):
            log.info("%s is stopped by try %d in this moment", _short(handle), marked.try_number)
            self._wait_for_end(handle, KILL_GRACE + STOP_MARGIN)
            return
        self._handle = handle

    def _candidates(self) -> list[Candidate]:
        candidates = []
        for found in self._backend.find(self._spec.identity):
            with suppress(Gone):
                owner = self._read_owner(found.handle, OWNER) or Owner.by_labels(found.labels)
                stopping = self._read_owner(found.handle, STOPPING) == owner
                candidates.append(Candidate(found=found, owner=owner, stopping=stopping))
        return candidates

    def _create(self, image_id: str, params: bytes) -> bool:
        """Whether the container is there and was started; False where somebody else was quicker."""
        name = self._spec.identity.name
        try:
            handle = self._backend.create(self._spec, name=name, labels=self._spec.labels(image_id))
        except NameTaken:
            log.info("%s is there already: looking again", name)
            return False
        self._backend.stage(handle, {PARAMS: params, OWNER: self._own.content()})
        self._handle = handle
        if self._killed_at is not None:
            raise ContainerKilled("stopped before it was started", handle=handle)
        self._backend.start(handle)
        log.info("started %s as %s", self._spec.image, name)
        return True

    def _watch(self) -> Status:
        for pause in self._pauses():
            status = self._patiently(lambda: self._backend.status(self._handle))
            if not status.running:
                return status
            self._pump.stirred.wait(pause)
            self._press()
            if self._superseded:
                self._pump.close()
                raise Superseded("a later try has taken it over", handle=self._handle)
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
        """Repeat a stop that could not be sent; kill what ignores it, for a backend whose engine does not."""
        if self._killed_at is None:
            return
        late = time.monotonic() > self._killed_at + KILL_GRACE
        if late or not self._stop_sent:
            with suppress(Unreachable, Gone):
                self._stop(0 if late else KILL_GRACE)

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
        """Stop and remove what is this try's own, whatever is known of it. Never raises."""
        self._ended = True
        try:
            # By name: the interruption may have come between the create and our knowing its answer.
            for candidate in self._candidates():
                if candidate.owner == self._own:
                    self._clear_away(candidate)
        except Exception as error:
            log.warning("%s could not be cleared away: %s", self._spec.identity.name, error)
        self._pump.close()

    def _clear_away(self, candidate: Candidate) -> None:
        handle = candidate.found.handle
        log.info("stopping %s", _short(handle))
        if candidate.found.running:
            self._write(handle, STOPPING)
            self._stop_and_wait(handle)
        if handle == self._handle:
            self._pump.drain(patience=1.0, limit=5.0)
        self._backend.remove(handle)

    def _stop_and_wait(self, handle: str) -> None:
        self._backend.stop(handle, grace=STOP_GRACE)
        self._wait_for_end(handle, STOP_GRACE)

    def _wait_for_end(self, handle: str, patience: float) -> None:
        """Wait for one that is being stopped; after patience seconds kill it."""
        asked = time.monotonic()
        while self._backend.status(handle).running:
            waited = time.monotonic() - asked
            if waited > patience + STOP_MARGIN:
                raise Unreachable(f"{_short(handle)} does not stop")
            if waited > patience:
                self._backend.stop(handle, grace=0)
            time.sleep(0.1)


def _short(handle: str) -> str:
    return handle[:12] if handle.isalnum() else handle

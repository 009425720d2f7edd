"""Tries die, are killed or overtaken between any two calls on the engine: the task still runs once."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from fake import SUCCEED, FakeBackend, FakeEngine
from launcher import lifecycle
from launcher.lifecycle import Attempt
from launcher.outcome import Outcome, TaskError
from launcher.spec import Identity, TaskSpec

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

IDENTITY = Identity(deployment="launcher-test", dag="dag", run="run", task="task")
CALLS = ("prepare", "find", "create", "stage", "start", "status", "read", "write", "stop", "remove")
# A try makes some fifteen calls besides asking for the status; a point beyond its last call never comes.
POINTS = st.integers(0, 24)
TICKS = st.integers(0, 10)


def examples(count):
    # The same examples each time: a project's own tests must not fail one day in a hundred.
    return hypothesis.settings(max_examples=count, deadline=None, derandomize=True, database=None)


class Crash(BaseException):
    """The worker is gone: nothing of the try runs any more."""


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self):
        self._now = itertools.count()

    def monotonic(self):
        return next(self._now) * 0.01

    def sleep(self, seconds):
        for _ in range(int(seconds * 100)):
            next(self._now)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(lifecycle, "time", Clock())


class Interrupted(FakeBackend):
    """Does something at one of its calls; `dead` lets every later call fail."""

    def __init__(self, engine, at, event):
        super().__init__(engine)
        self.dead = False
        calls = itertools.count()
        for name in CALLS:
            setattr(self, name, self._counted(getattr(self, name), calls, at, event))

    def _counted(self, call, calls, at, event):
        def counted(*args, **kwargs):
            if self.dead:
                raise Crash
            if next(calls) == at:
                event(self)
            return call(*args, **kwargs)

        return counted

    def logs(self, *_, **__):
        return iter(())


def crash(backend):
    backend.dead = True
    raise Crash


class World:
    """One task instance, whose tries Airflow starts one after the other."""

    def __init__(self, ticks):
        self.engine = FakeEngine(ticks)
        self.reported = []
        self._tries = itertools.count(1)

    def attempt(self, at=-1, event=crash):
        number = next(self._tries)
        spec = TaskSpec(
            identity=replace(IDENTITY, try_number=number),
            image="image",
            command=(SUCCEED,),
            task_instance=f"instance {number}",
        )
        backend = Interrupted(self.engine, at, event)
        attempt = Attempt(spec, backend, show=lambda _: None, result_limit=1000)
        attempt._pump.stirred.set()
        return attempt

    def run(self, attempt):
        """A try to its end; whether it has reported a result."""
        try:
            outcome = attempt.run()
        except (Crash, TaskError):
            return False
        assert isinstance(outcome, Outcome)
        self.reported.append(outcome.result)
        try:
            attempt.release()
        except Crash:
            # Airflow has the result; what stays is the reaper's.
            self.engine.containers.clear()
        return True


@examples(100)
@hypothesis.given(ticks=TICKS, points=st.lists(POINTS, max_size=4))
def test_tries_that_die_anywhere_end_with_one_execution_and_nothing_left(ticks, points):
    world = World(ticks)
    for point in points:
        if world.run(world.attempt(point)):
            break
    else:
        assert world.run(world.attempt())
    assert len(world.reported) == len(world.engine.completed) == 1
    assert str(world.reported[0]) == world.engine.completed[0]
    assert world.engine.most_at_once == 1
    assert world.engine.containers == {}


@examples(100)
@hypothesis.given(ticks=TICKS, killed=POINTS, died=st.lists(POINTS, max_size=2))
def test_a_kill_anywhere_leaves_nothing_running(ticks, killed, died):
    world = World(ticks)
    for point in died:
        if world.run(world.attempt(point)):
            return
    attempt = None

    def kill(_):
        attempt.kill()

    attempt = world.attempt(killed, kill)
    world.run(attempt)
    assert not [one for one in world.engine.containers.values() if one.state == "running"]
    assert len(world.engine.completed) <= 1
    assert world.engine.most_at_once <= 1


@examples(200)
@hypothesis.given(ticks=TICKS, stalls=POINTS, killed=POINTS)
def test_a_try_that_stalls_and_is_killed_later_harms_no_later_one(ticks, stalls, killed):
    """The first try loses its connection to Airflow; the second runs; then the first is told to stop."""
    world = World(ticks)
    outcomes = []
    first = None

    def overtake(_):
        second = world.attempt(killed, lambda _: first.kill())
        try:
            outcomes.append(second.run())
        except TaskError as error:
            outcomes.append(error)
        second.release()

    first = world.attempt(stalls, overtake)
    world.run(first)
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    assert world.engine.most_at_once <= 1
    assert not [one for one in world.engine.containers.values() if one.state == "running"]

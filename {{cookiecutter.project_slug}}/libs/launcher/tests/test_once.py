"""A task runs once: what an earlier try left is adopted, harvested or cleared away, on every backend."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from launcher import backends
from launcher.lifecycle import Attempt
from launcher.outcome import ContainerKilled, Superseded, TaskFailed
from launcher.owner import OWNER, Owner
from rigs import begin, has_ended, launch, leave_behind, wait_for

WHO = "leave(PARAMS['identity']['try_number'])"
WAIT_FOR_GO = """
print('begun', flush=True)
while not (TASK_DIR / 'go').exists(): time.sleep(0.05)
print('gone on', flush=True)
leave(PARAMS['identity']['try_number'])
"""


@pytest.fixture
def second(identity):
    return replace(identity, try_number=2)


def go(rig, identity):
    (found,) = rig.backend.find(identity)
    rig.backend.write(found.handle, "go", b"")


def test_one_that_still_runs_is_adopted_with_its_whole_log(rig, identity, second):
    leave_behind(rig, identity, WAIT_FOR_GO)
    shown = []
    _, thread, ended = begin(rig, second, WAIT_FOR_GO, show=shown.append)
    wait_for(lambda: shown == ["begun"])
    go(rig, identity)
    thread.join(30)
    assert ended[0].result == 1
    assert shown == ["begun", "gone on"]


def test_one_that_has_ended_well_is_harvested(rig, identity, second):
    leave_behind(rig, identity, "print('once')\n" + WHO)
    wait_for(lambda: has_ended(rig, identity))
    shown = []
    outcome = launch(rig, second, "print('once')\n" + WHO, show=shown.append)
    assert (outcome.result, shown) == (1, ["once"])
    assert rig.leftovers(identity) == []


FAILS_FIRST = "leave(PARAMS['identity']['try_number']); sys.exit(PARAMS['identity']['try_number'] == 1)"


@pytest.mark.parametrize(
    ("code", "changes", "why"),
    [
        (WHO, {"generation": 1}, "before the task was cleared"),
        (WHO, {"parameters": {"year": 2013}}, "ran something else"),
        (WHO, {"upstream": {"a": 1}}, "ran something else"),
        (FAILS_FIRST, {}, "ended with exit code 1"),
    ],
)
def test_one_that_is_of_no_use_is_removed_and_the_task_runs_again(
    rig, identity, second, code, changes, why, caplog
):
    caplog.set_level("INFO")
    leave_behind(rig, identity, code)
    wait_for(lambda: has_ended(rig, identity))
    assert launch(rig, second, code, **changes).result == 2
    assert why in caplog.text
    assert rig.leftovers(identity) == []


def test_one_that_runs_something_else_is_stopped_and_replaced(rig, identity, second, caplog):
    caplog.set_level("INFO")
    leave_behind(rig, identity, WAIT_FOR_GO, parameters={"year": 2012})
    outcome = launch(rig, second, WHO, parameters={"year": 2013})
    assert outcome.result == 2
    assert "that of try 1 runs something else by now" in caplog.text
    assert rig.leftovers(identity) == []


def test_one_that_was_never_started_is_replaced(rig, identity, second):
    leave_behind(rig, identity, WHO, start=False)
    assert launch(rig, second, WHO).result == 2
    assert rig.leftovers(identity) == []


def test_one_that_was_never_staged_is_replaced(rig, identity, second):
    spec = rig.spec(identity, WHO)
    labels = spec.labels(rig.backend.prepare(spec))
    rig.backend.create(spec, name=identity.name, labels=labels)
    assert launch(rig, second, WHO).result == 2
    assert rig.leftovers(identity) == []


def test_one_that_is_being_stopped_is_waited_out_and_never_adopted(rig, identity, second, caplog):
    caplog.set_level("INFO")
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('begun', flush=True)\ntime.sleep(2)\n" + WHO
    first, thread, ended = begin(rig, identity, code)
    wait_for(lambda: rig.backend.find(identity) and first._pump.last_lines == ("begun",))
    first.kill()
    assert launch(rig, second, code).result == 2
    thread.join(20)
    assert isinstance(ended[0], ContainerKilled)
    assert "is being stopped" in caplog.text
    assert rig.leftovers(identity) == []


def test_a_kill_of_a_superseded_try_does_not_touch_what_the_new_one_adopted(rig, identity, second):
    old, old_thread, old_ended = begin(rig, identity, WAIT_FOR_GO)
    wait_for(lambda: old._pump.last_lines == ("begun",))
    new, new_thread, new_ended = begin(rig, second, WAIT_FOR_GO)
    wait_for(lambda: new._pump.last_lines == ("begun",))
    old.kill()
    old_thread.join(10)
    assert isinstance(old_ended[0], Superseded)
    old.release()
    go(rig, identity)
    new_thread.join(20)
    assert new_ended[0].result == 1
    new.release()
    assert rig.leftovers(identity) == []


class Timeout(BaseException):
    """As Airflow raises it."""


def test_a_timeout_of_a_superseded_try_does_not_touch_what_the_new_one_adopted(rig, identity, second):
    spec, due = rig.spec(identity, WAIT_FOR_GO), threading.Event()
    backend = backends.load(rig.settings)
    status = backend.status

    def interrupted(handle):
        if due.is_set() and threading.current_thread().name != "task log":
            raise Timeout
        return status(handle)

    backend.status = interrupted
    old, seen = Attempt(spec, backend, show=print, result_limit=1000), []

    def run():
        try:
            old.run()
        except Timeout as error:
            seen.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_for(lambda: old._pump.last_lines == ("begun",))
    new, new_thread, new_ended = begin(rig, second, WAIT_FOR_GO)
    wait_for(lambda: new._pump.last_lines == ("begun",))
    due.set()
    thread.join(20)
    assert seen
    go(rig, identity)
    new_thread.join(20)
    assert new_ended[0].result == 1


def test_what_has_ended_stays_until_its_outcome_is_safe(rig, identity, second):
    first = Attempt(rig.spec(identity, WHO), rig.backend, show=print, result_limit=1000)
    assert first.run().result == 1
    assert rig.leftovers(identity)
    again = Attempt(rig.spec(second, WHO), backends.load(rig.settings), show=print, result_limit=1000)
    assert again.run().result == 1
    first.release()
    assert rig.leftovers(identity)
    again.release()
    again.release()
    assert rig.leftovers(identity) == []


def test_one_that_failed_stays_to_be_looked_into(rig, identity):
    code = "print('look'); sys.exit(1)"
    attempt = Attempt(rig.spec(identity, code), rig.backend, show=print, result_limit=1000)
    with pytest.raises(TaskFailed):
        attempt.run()
    (found,) = rig.backend.find(identity)
    assert (found.state, found.exit_code) == ("ended", 1)
    assert b"look" in b"".join(piece.data for piece in rig.backend.logs(found.handle, since=0, follow=False))


def test_the_owner_can_be_written_while_it_runs_and_after_its_end(rig, identity):
    handle = leave_behind(rig, identity, WAIT_FOR_GO)
    for number in (2, 3):
        owner = Owner(task_instance="later", try_number=number)
        rig.backend.write(handle, OWNER, owner.content())
        with rig.backend.hurried():
            assert Owner.read(rig.backend.read(handle, OWNER, limit=1000)) == owner
        go(rig, identity)
        wait_for(lambda: has_ended(rig, identity))


RUN_AND_DIE = """
import pathlib, pickle, sys
from launcher import backends
from launcher.lifecycle import Attempt
settings, spec = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
Attempt(spec, backends.load(settings), show=lambda line: print(line, flush=True), result_limit=1000).run()
"""


@pytest.mark.parametrize("ends_meanwhile", [False, True])
def test_the_launcher_is_killed_and_the_task_runs_on(rig, identity, second, tmp_path, ends_meanwhile):
    import pickle

    job = tmp_path / "job"
    job.write_bytes(pickle.dumps((rig.settings, rig.spec(identity, WAIT_FOR_GO))))
    command = [sys.executable, "-c", RUN_AND_DIE, str(job)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as worker:
        assert worker.stdout.readline() == "begun\n"
        worker.send_signal(signal.SIGKILL)
    if ends_meanwhile:
        go(rig, identity)
        wait_for(lambda: has_ended(rig, identity))
    shown = []
    _, thread, ended = begin(rig, second, WAIT_FOR_GO, show=shown.append)
    if not ends_meanwhile:
        wait_for(lambda: shown == ["begun"])
        go(rig, identity)
    thread.join(30)
    assert ended[0].result == 1
    assert shown == ["begun", "gone on"]

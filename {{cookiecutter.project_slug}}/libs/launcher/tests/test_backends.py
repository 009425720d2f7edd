"""The conformance suite: what every backend must do. A further backend needs a rig of its own and no test."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import replace

import pytest
from launcher.backends.base import Gone, NameTaken
from launcher.lifecycle import Attempt
from launcher.outcome import ContainerKilled, ResultError, TaskFailed, TaskRefused
from rigs import begin, launch, wait_for

# Only the process backend lets a task do so: in a container the task dir itself is root's.
SWAP_FOLDER = """
try:
    os.rename(TASK_DIR / "out", TASK_DIR / "x")
    os.symlink("/etc", TASK_DIR / "out")
except PermissionError:
    pass
"""


def test_the_result_comes_back_and_nothing_is_left(rig, identity):
    outcome = launch(rig, identity, "leave({'rows': 3, 'name': 'café'})")
    assert outcome.result == {"rows": 3, "name": "café"}
    assert not outcome.skipped
    assert rig.leftovers(identity) == []


def test_parameters_upstream_and_identity_go_down(rig, identity):
    code = "leave([PARAMS, os.environ['EXECUTION_ID'], os.environ['EXTRA']])"
    given = {"parameters": {"year": 2013}, "upstream": {"a": [None, 1]}, "environment": {"EXTRA": "yes"}}
    params, run_id, extra = launch(rig, identity, code, **given).result
    assert params["parameters"] == {"year": 2013}
    assert params["upstream"] == {"a": [None, 1]}
    assert params["identity"]["run"] == run_id == identity.run
    assert extra == "yes"


def test_five_megabytes_of_parameters(rig, identity):
    big = "x" * 5_000_000
    assert launch(
        rig, identity, "leave(len(PARAMS['parameters']['big']))", parameters={"big": big}
    ).result == len(big)


def test_every_line_is_shown_once_and_in_order(rig, identity):
    shown = []
    launch(rig, identity, "leave(1)\nfor n in range(3000): print('line', n)", show=shown.append)
    assert shown == [f"line {number}" for number in range(3000)]


def test_a_log_line_is_shown_while_the_task_runs(rig, identity):
    shown = []
    code = "print('begun', flush=True)\nwhile True: time.sleep(0.1)"
    attempt, thread, _ = begin(rig, identity, code, show=shown.append)
    wait_for(lambda: shown == ["begun"])
    assert thread.is_alive()
    attempt.kill()
    thread.join(20)


def test_a_long_line_and_a_split_character_arrive_whole(rig, identity):
    shown = []
    code = r"""
leave(1)
print('x' * 50_000, flush=True)
for part in (b'caf\xc3', b'\xa9\n'):
    os.write(1, part)
    time.sleep(0.3)
"""
    launch(rig, identity, code, show=shown.append)
    assert shown == ["x" * 50_000, "café"]


def test_a_failure_carries_the_evidence(rig, identity):
    code = "print('before'); leave({'schema': 1, 'reason': 'no data for 2031'}, 'outcome'); sys.exit(1)"
    with pytest.raises(TaskFailed, match="t: exit code 1: no data for 2031") as caught:
        launch(rig, identity, code)
    assert caught.value.exit_code == 1
    assert caught.value.last_lines == ("before",)
    assert caught.value.handle
    assert caught.value.retry
    assert rig.leftovers(identity) == []


def test_a_failure_without_words_is_told_by_its_last_line(rig, identity):
    with pytest.raises(TaskFailed, match="ValueError: bad year"):
        launch(rig, identity, "raise ValueError('bad year')")


@pytest.mark.parametrize(
    "code",
    [
        "sys.exit(2)",
        "sys.exit(3)",
        "leave({'reason': 'never again', 'retry': False}, 'outcome'); sys.exit(1)",
    ],
)
def test_what_a_retry_cannot_help_is_not_retried(rig, identity, code):
    with pytest.raises(TaskRefused) as caught:
        launch(rig, identity, code)
    assert not caught.value.retry


def test_a_skip_carries_its_reason(rig, identity):
    outcome = launch(rig, identity, "leave({'reason': 'no new data'}, 'outcome'); sys.exit(99)")
    assert (outcome.skipped, outcome.reason) == (True, "no new data")


def test_killed_by_somebody_else(rig, identity):
    with pytest.raises(ContainerKilled, match="killed by somebody else") as caught:
        launch(rig, identity, "os.kill(os.getpid(), signal.SIGKILL)")
    assert caught.value.exit_code == 137
    assert caught.value.retry


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("pass", "left none"),
        ("leave(float('nan'))", "NaN"),
        ("(TASK_DIR / 'out/result.json').write_bytes(b'{\"a\": ')", "not JSON"),
        ("(TASK_DIR / 'out/result.json').write_bytes(b'\"\\xff\"')", "not UTF-8"),
        ("(TASK_DIR / 'out/result.json').write_text('[' * 200_000)", "not JSON|too deeply"),
        ("leave('x' * 1024 * 1024)", "limit is 1048576"),
        ("os.symlink('/etc/passwd', TASK_DIR / 'out/result.json')", "not a file"),
        ("os.symlink('result.json', TASK_DIR / 'out/result.json')", "not a file|too many links"),
        ("os.mkfifo(TASK_DIR / 'out/result.json')", "not a file"),
        ("os.mkdir(TASK_DIR / 'out/result.json')", "not a file"),
        ("open(TASK_DIR / 'out/result.json', 'w').truncate(2**40)", "limit is 1048576"),
        (SWAP_FOLDER, "not a file|left none"),
    ],
)
def test_a_declared_result_that_is_none(rig, identity, code, problem):
    started = time.monotonic()
    with pytest.raises(ResultError, match=problem) as caught:
        launch(rig, identity, code)
    assert not caught.value.retry
    assert time.monotonic() - started < 30
    assert rig.leftovers(identity) == []


def test_a_result_at_the_limit_is_taken(rig, identity):
    assert len(launch(rig, identity, "leave('x' * (1024 * 1024 - 2))").result) == 1024 * 1024 - 2


def test_no_result_is_fine_where_none_is_declared(rig, identity):
    assert launch(rig, identity, "pass", declares_result=False).result is None


def test_a_kill_gives_the_task_time_to_save_and_ends_as_killed(rig, identity):
    shown = []
    code = """
def save(*_):
    print('saved', flush=True)
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
print('begun', flush=True)
while True: time.sleep(0.1)
"""
    attempt, thread, ended = begin(rig, identity, code, show=shown.append)
    wait_for(lambda: shown == ["begun"])
    asked = time.monotonic()
    attempt.kill()
    attempt.kill()
    assert time.monotonic() - asked < 2
    thread.join(20)
    assert time.monotonic() - asked < 5
    assert isinstance(ended[0], ContainerKilled)
    assert shown == ["begun", "saved"]
    assert rig.leftovers(identity) == []
    attempt.kill()


def test_a_task_that_ignores_the_stop_is_killed_before_airflow_loses_patience(rig, identity):
    shown = []
    code = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('begun', flush=True)
while True: time.sleep(0.1)
"""
    attempt, thread, ended = begin(rig, identity, code, show=shown.append)
    wait_for(lambda: shown == ["begun"])
    asked = time.monotonic()
    attempt.kill()
    thread.join(20)
    assert time.monotonic() - asked < 5
    assert isinstance(ended[0], ContainerKilled)
    assert rig.leftovers(identity) == []


class Timeout(BaseException):
    """As Airflow raises it: in the middle of whatever the main thread does."""


def test_an_interruption_stops_the_task_and_is_what_the_caller_sees(rig, identity):
    begun = threading.Event()
    spec = rig.spec(identity, "print('begun', flush=True)\nwhile True: time.sleep(0.1)")
    attempt = Attempt(spec, rig.backend, show=lambda _: begun.set(), result_limit=1000)
    status = rig.backend.status

    def interrupted(handle):
        if begun.is_set() and threading.current_thread() is threading.main_thread():
            rig.backend.status = status
            raise Timeout
        return status(handle)

    rig.backend.status = interrupted
    with pytest.raises(Timeout):
        attempt.run()
    assert rig.leftovers(identity) == []


def test_a_kill_from_a_signal_handler_as_airflow_does_it(rig, identity):
    shown = []
    code = "print('begun', flush=True)\nwhile True: time.sleep(0.1)"
    attempt = Attempt(rig.spec(identity, code), rig.backend, show=shown.append, result_limit=1000)
    before = signal.signal(signal.SIGALRM, lambda *_: attempt.kill())
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        started = time.monotonic()
        with pytest.raises(ContainerKilled, match="stopped on request"):
            attempt.run()
        assert 5 < time.monotonic() - started < 10
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rig.leftovers(identity) == []


def test_a_stop_before_the_start_starts_nothing(rig, identity):
    attempt = Attempt(rig.spec(identity, "leave(1)"), rig.backend, show=print, result_limit=1000)
    attempt.kill()
    with pytest.raises(ContainerKilled, match="before it was started"):
        attempt.run()
    assert rig.leftovers(identity) == []


def test_the_name_is_a_lock(rig, identity):
    spec = rig.spec(identity, "leave(1)")
    image_id = rig.backend.prepare(spec)
    rig.backend.create(spec, name=identity.name, labels=spec.labels(image_id))
    with pytest.raises(NameTaken):
        rig.backend.create(spec, name=identity.name, labels=spec.labels(image_id))
    (found,) = rig.backend.find(identity)
    assert not found.running
    assert found.labels["launcher.run-id"] == identity.run


def test_removed_by_somebody_while_it_ran(rig, identity):
    shown = []
    _, thread, ended = begin(rig, identity, "print('begun', flush=True)\ntime.sleep(60)", show=shown.append)
    wait_for(lambda: shown == ["begun"])
    (found,) = rig.backend.find(identity)
    rig.backend.remove(found.handle)
    thread.join(20)
    assert isinstance(ended[0], ContainerKilled)


def test_calls_on_what_is_gone(rig, identity):
    spec = rig.spec(identity, "leave(1)")
    handle = rig.backend.create(spec, name=identity.name, labels=spec.labels(rig.backend.prepare(spec)))
    rig.backend.remove(handle)
    rig.backend.remove(handle)
    with pytest.raises(Gone):
        rig.backend.status(handle)
    with pytest.raises(Gone):
        rig.backend.read(handle, "out/result.json", limit=10)
    with pytest.raises(Gone):
        list(rig.backend.logs(handle, since=0, follow=True))


def test_two_at_once_do_not_mix(rig, identity):
    threads, results = [], {}

    def one(index):
        code = "time.sleep(0.3); leave(PARAMS['parameters']['n'])"
        own = replace(identity, map_index=index)
        results[index] = launch(rig, own, code, parameters={"n": index}).result

    for index in range(3):
        threads.append(threading.Thread(target=one, args=(index,)))
        threads[-1].start()
    for thread in threads:
        thread.join(60)
    assert results == {0: 0, 1: 1, 2: 2}


def test_a_broken_outcome_file_leaves_the_exit_code_to_decide(rig, identity):
    with pytest.raises(TaskFailed, match="exit code 1"):
        launch(rig, identity, "os.mkfifo(TASK_DIR / 'out/outcome.json'); sys.exit(1)")

"""The outcome table: evidence in, outcome or typed error out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from launcher.backends.base import Status
from launcher.classify import Evidence, classify
from launcher.outcome import (
    ContainerKilled,
    ContainerOutOfMemory,
    LaunchError,
    ResultError,
    TaskFailed,
    TaskRefused,
)
from launcher.result import Report


@pytest.fixture
def ended(spec):
    """Evidence of an attempt that ended with an exit code."""

    def ended(code, *, result=b"1", reason="", retry=True, **changes):
        status = Status(running=False, exit_code=code)
        report = Report(reason=reason, retry=retry)
        evidence = Evidence(
            spec=spec,
            handle="abc",
            status=status,
            report=report,
            result=result,
            last_lines=("first", "last", ""),
        )
        return replace(evidence, **changes)

    return ended


@pytest.mark.parametrize(
    ("code", "error", "retried"),
    [
        (1, TaskFailed, True),
        (2, TaskRefused, False),
        (3, TaskRefused, False),
        (4, TaskFailed, True),
        (42, TaskFailed, True),
        (124, TaskFailed, True),
        (125, LaunchError, False),
        (126, LaunchError, False),
        (127, LaunchError, False),
        (137, ContainerKilled, True),
        (143, ContainerKilled, True),
        (None, ContainerKilled, True),
    ],
)
def test_exit_codes(ended, code, error, retried):
    with pytest.raises(error) as caught:
        classify(ended(code))
    assert caught.value.retry is retried
    assert caught.value.exit_code == code
    assert caught.value.handle == "abc"
    assert caught.value.last_lines == ("first", "last", "")


def test_the_task_s_own_words_come_before_its_last_line(ended):
    with pytest.raises(TaskFailed, match="exit code 1: no data"):
        classify(ended(1, reason="no data"))
    with pytest.raises(TaskFailed, match="exit code 1: last"):
        classify(ended(1))


def test_a_task_may_refuse_a_retry(ended):
    with pytest.raises(TaskRefused):
        classify(ended(1, retry=False))


def test_a_skip_needs_no_result(ended):
    outcome = classify(ended(99, result=None, reason="nothing new"))
    assert (outcome.skipped, outcome.reason, outcome.result) == (True, "nothing new", None)


def test_a_stop_on_request_is_that_whatever_the_exit_code(ended):
    for code in (0, 1, 2, 99, 137, 143):
        with pytest.raises(ContainerKilled, match="stopped on request"):
            classify(ended(code, stopped=True))


def test_out_of_memory_names_the_limit(ended):
    status = Status(running=False, exit_code=137, out_of_memory=True, memory_limit=512 * 2**20)
    with pytest.raises(ContainerOutOfMemory, match="out of memory at 512 MiB"):
        classify(ended(137, status=status))


def test_a_child_out_of_memory_is_a_warning_where_the_task_ended_well(ended, caplog):
    status = Status(running=False, exit_code=0, out_of_memory=True)
    assert classify(ended(0, status=status)).result == 1
    assert "out of memory" in caplog.text


@pytest.mark.parametrize(("result", "problem"), [(None, "left none"), (b"[1,", "not JSON"), (b"NaN", "NaN")])
def test_a_declared_result_must_be_there(ended, result, problem):
    with pytest.raises(ResultError, match=problem):
        classify(ended(0, result=result))


def test_without_a_declared_result_none_is_fine_and_one_is_taken(ended, spec):
    undeclared = replace(spec, declares_result=False)
    assert classify(ended(0, result=None, spec=undeclared)).result is None
    assert classify(ended(0, result=b'{"a": 1}', spec=undeclared)).result == {"a": 1}

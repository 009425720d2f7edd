"""Who goes and who stays."""

from __future__ import annotations

import pytest
from launcher.reaper import GRACE_SECONDS, LIVE, Leftover, judge

NOW, HOUR = 1_000_000.0, 3600.0


def leftover(age, *, running=False, **labels):
    labels = {f"launcher.{key.replace('_', '-')}": value for key, value in labels.items()}
    return Leftover(labels=labels, running=running, since=NOW - age)


@pytest.mark.parametrize(
    ("one", "state", "action"),
    [
        *(
            (leftover(9 * HOUR, running=running), state, "keep")
            for state in LIVE
            for running in (True, False)
        ),
        (leftover(HOUR, running=True), "failed", "remove"),
        (leftover(HOUR, running=True), "success", "remove"),
        (leftover(HOUR, running=True), None, "remove"),
        (leftover(HOUR), "success", "remove"),
        (leftover(HOUR), "skipped", "remove"),
        (leftover(HOUR), "failed", "keep"),
        (leftover(HOUR), None, "keep"),
        (leftover(25 * HOUR), "failed", "remove"),
        (leftover(25 * HOUR), None, "remove"),
        (leftover(GRACE_SECONDS - 1, running=True), "failed", "keep"),
        (leftover(GRACE_SECONDS - 1), "success", "keep"),
        (leftover(HOUR, running=True, deadline=f"{NOW - HOUR}"), "running", "stop"),
        (leftover(HOUR, running=True, deadline=f"{NOW + HOUR}"), "running", "keep"),
        (leftover(HOUR, running=True, deadline=""), "running", "keep"),
        (leftover(9 * HOUR, running=True, dag_id="local"), None, "keep"),
        (leftover(25 * HOUR, dag_id="local"), None, "remove"),
    ],
)
def test_the_verdict(one, state, action):
    verdict = judge(one, state, now=NOW, keep_seconds=24 * HOUR)
    assert verdict.action == action
    assert verdict.why

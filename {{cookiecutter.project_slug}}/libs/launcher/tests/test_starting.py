"""The start of an attempt as a table: what is found, and what is done about it."""

from __future__ import annotations

import pytest
from launcher.backends.base import Found
from launcher.owner import Owner
from launcher.starting import Candidate, decide


def found(handle, state, code=None, *, spec="same", generation=0, stopping=False, created="1"):
    labels = {"launcher.spec-hash": spec, "launcher.generation": str(generation)}
    return Candidate(
        found=Found(handle=handle, state=state, exit_code=code, created=created, labels=labels),
        owner=Owner(task_instance="earlier", try_number=1),
        stopping=stopping,
    )


STOP_REMOVE_CREATE = ["stop a", "remove a", "create"]
REMOVE_CREATE = ["remove a", "create"]

TABLE = {
    "nothing": ([], ["create"]),
    "created, never started": ([found("a", "created")], REMOVE_CREATE),
    "running, same spec": ([found("a", "running")], ["adopt a"]),
    "running, same spec, older generation": ([found("a", "running", generation=3)], ["adopt a"]),
    "stopping": ([found("a", "running", stopping=True)], ["wait a"]),
    "stopping, other spec": ([found("a", "running", spec="other", stopping=True)], ["wait a"]),
    "running, other spec": ([found("a", "running", spec="other")], STOP_REMOVE_CREATE),
    "running, no label of ours": (
        [Candidate(found=Found(handle="a", state="running"), owner=Owner.by_labels({}))],
        STOP_REMOVE_CREATE,
    ),
    "exited 0, same spec": ([found("a", "ended", 0)], ["harvest a"]),
    "exited 0, other spec": ([found("a", "ended", 0, spec="other")], REMOVE_CREATE),
    "exited 0, older generation": ([found("a", "ended", 0, generation=1)], REMOVE_CREATE),
    "exited 0 after it was stopped": ([found("a", "ended", 0, stopping=True)], REMOVE_CREATE),
    "exited 1": ([found("a", "ended", 1)], REMOVE_CREATE),
    "skipped itself": ([found("a", "ended", 99)], REMOVE_CREATE),
    "ended, nobody knows how": ([found("a", "ended")], REMOVE_CREATE),
    "two live": (
        [found("a", "running", created="1"), found("b", "running", created="2")],
        ["stop a", "remove a", "adopt b"],
    ),
    "two live, the newer of another spec": (
        [found("a", "running", created="1"), found("b", "running", spec="other", created="2")],
        ["stop b", "remove b", "adopt a"],
    ),
    "one live, one stopping": ([found("a", "running"), found("b", "running", stopping=True)], ["wait b"]),
    "one live, one ended": ([found("a", "running"), found("b", "ended", 0)], ["remove b", "adopt a"]),
    "one ended well, one badly": (
        [found("a", "ended", 1), found("b", "ended", 0)],
        ["remove a", "harvest b"],
    ),
    "two ended well": (
        [found("a", "ended", 0, created="1"), found("b", "ended", 0, created="2")],
        ["remove a", "harvest b"],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_table(case):
    candidates, expected = TABLE[case]
    steps = decide(candidates, spec_hash="same", generation=0)
    assert [f"{step.verb} {step.handle}".strip() for step in steps] == expected


@pytest.mark.parametrize("case", TABLE)
def test_the_order_of_what_was_found_does_not_matter(case):
    candidates, expected = TABLE[case]
    steps = decide(candidates[::-1], spec_hash="same", generation=0)
    assert sorted(f"{step.verb} {step.handle}".strip() for step in steps) == sorted(expected)


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (found("a", "created"), "that of try 1 was never started"),
        (found("a", "ended", 137), "that of try 1 ended with exit code 137"),
        (found("a", "ended", 0, spec="other"), "ran something else (image, command or inputs)"),
        (found("a", "ended", 0, generation=1), "ended before the task was cleared"),
        (found("a", "ended", 0, stopping=True), "was stopped on request"),
    ],
)
def test_it_says_why(candidate, why):
    assert why in decide([candidate], spec_hash="same", generation=0)[0].why


def test_a_file_names_its_try_and_a_broken_one_names_none():
    second = Owner(task_instance="second", try_number=2)
    assert Owner.read(second.content()) == second
    for broken in (None, b"", b"{", b"[]", b"3", b'{"task_instance": "x"}', b"\xff"):
        assert Owner.read(broken) is None


def test_labels_name_the_creator():
    labels = {"launcher.task-instance": "first", "launcher.try-number": "1"}
    assert Owner.by_labels(labels) == Owner(task_instance="first", try_number=1)
    assert Owner.by_labels({}).try_number == 0

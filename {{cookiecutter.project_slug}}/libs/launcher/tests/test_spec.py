from __future__ import annotations

import datetime
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from launcher.outcome import SpecError


def test_the_name_is_the_same_for_every_try_and_legal_for_an_engine(identity):
    awkward = replace(
        identity, dag="größe/dag", task="group.task", run="scheduled__2026-01-01T00:00:00+00:00"
    )
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", awkward.name)
    assert awkward.name == replace(awkward, try_number=7).name


def test_names_differ_between_runs_and_map_indexes(identity):
    others = [replace(identity, run="other"), replace(identity, map_index=0), replace(identity, map_index=1)]
    assert len({identity.name, *(other.name for other in others)}) == 4


def test_params_json_is_the_contract(spec):
    given = replace(
        spec, parameters={"year": 2013}, offered={"seed": 7}, upstream={"extract": [None, {"a": 1}]}
    )
    document = json.loads(given.params_json())
    assert document["schema"] == 1
    assert set(document["identity"]) == {
        "deployment", "dag", "run", "task", "map_index", "try_number", "logical_date",
    }  # fmt: skip
    assert document["parameters"] == {"year": 2013}
    assert document["offered"] == {"seed": 7}
    assert document["upstream"] == {"extract": [None, {"a": 1}]}
    assert document["deadline"] is None


def test_dates_tuples_sets_and_paths_become_json(spec):
    given = {
        "day": datetime.date(2026, 1, 2),
        "pair": (1, 2),
        "set": {"b", "a"},
        "path": Path("/x"),
        1: "one",
    }
    parameters = json.loads(replace(spec, parameters=given).params_json())["parameters"]
    assert parameters == {"day": "2026-01-02", "pair": [1, 2], "set": ["a", "b"], "path": "/x", "1": "one"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", object()])
def test_what_json_cannot_hold_is_refused_by_name(spec, value):
    with pytest.raises(SpecError, match=r"parameters\.rate\[1\]"):
        replace(spec, parameters={"rate": [1, value]}).params_json()


def test_the_digest_tells_inputs_apart_and_tries_together(spec):
    again = replace(spec, identity=replace(spec.identity, try_number=2), deadline=5.0, task_instance="two")
    assert spec.digest("image") == again.digest("image")
    others = [
        replace(spec, parameters={"a": 1}),
        replace(spec, upstream={"a": 1}),
        replace(spec, command=("x",)),
    ]
    assert (
        len({spec.digest("image"), spec.digest("newer"), *(other.digest("image") for other in others)}) == 5
    )


def test_labels_lead_back_to_the_task_instance(spec):
    labels = replace(spec, generation=3, deadline=12.5).labels("image")
    assert labels["launcher.deployment"] == "launcher-test"
    assert labels["launcher.run-id"] == spec.identity.run
    assert labels["launcher.map-index"] == "-1"
    assert labels["launcher.generation"] == "3"
    assert labels["launcher.deadline"] == "12.500"
    assert all(isinstance(value, str) for value in labels.values())

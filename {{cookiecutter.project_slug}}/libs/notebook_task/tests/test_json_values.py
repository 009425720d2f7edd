import datetime
from pathlib import Path

import pytest
from notebook_task.errors import ResultError
from notebook_task.json_values import to_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": (1, 2.5, None, True)}, {"a": [1, 2.5, None, True]}),
        (datetime.date(2012, 1, 2), "2012-01-02"),
        (datetime.datetime(2012, 1, 2, 3, tzinfo=datetime.UTC), "2012-01-02T03:00:00+00:00"),
        (Path("a/b"), "a/b"),
    ],
)
def test_what_json_can_hold_is_converted(value, expected):
    assert to_json(value, "result") == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [1, float("nan")]}, "result['a'][1] is nan"),
        (float("inf"), "result is inf"),
        ({1: 2}, "has the key 1"),
        ({"s": {1}}, "a set, which JSON cannot hold. Return sorted(...)"),
        (object(), "a object"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_its_key(value, words):
    with pytest.raises(ResultError) as caught:
        to_json(value, "result")
    assert words in str(caught.value)

import pytest
from notebook_task.errors import InputError
from notebook_task.identity import Identity
from notebook_task.parameters import Declared, Sourced, bound_value, resolve
from notebook_task.params_file import ParamsFile
from notebook_task.request import Request

IDENTITY = Identity(dag="d", run="r", task="t")


def resolved(names, *, file=None, inputs=None, sets=None, required=(), **staged):
    return resolve(
        Declared(names=tuple(names), required=frozenset(required)),
        Request(identity=IDENTITY, staged=True, **staged),
        params_file=ParamsFile(
            values=file or {}, inputs=inputs or {}, lines=dict.fromkeys([*(file or {}), "inputs"], 3)
        ),
        from_command_line={name: Sourced(value, "--set") for name, value in (sets or {}).items()},
    )


def problems(names, **given):
    with pytest.raises(InputError) as caught:
        resolved(names, **given)
    return str(caught.value)


LAYERS = [
    {"file": {"n": 1}},
    {"upstream": {"extract": {"n": 2}}},
    {"offered": {"n": 3}},
    {"parameters": {"n": 4}},
    {"sets": {"n": 5}},
]


@pytest.mark.parametrize("count", range(1, 6))
def test_each_layer_beats_the_ones_below(count):
    given = {key: value for layer in LAYERS[:count] for key, value in layer.items()}
    assert resolved(["n"], **given).values == {"n": count}


def test_a_parameter_that_nobody_gave_keeps_its_default():
    assert resolved(["n", "m"], file={"n": 1}).values == {"n": 1}


def test_the_source_of_each_value_is_known():
    given = resolved(["n", "m"], file={"n": 1}, upstream={"extract": {"m": 2}}).given
    assert [item.source for item in given.values()] == ["params.yaml, line 3", "upstream extract"]


def test_null_of_the_trigger_form_means_not_given():
    assert resolved(["n"], upstream={"extract": {"n": 2}}, offered={"n": None}).values == {"n": 2}


def test_null_of_the_operator_is_a_value():
    assert resolved(["n"], file={"n": 1}, parameters={"n": None}).values == {"n": None}


def test_offered_names_of_other_tasks_are_unused_not_wrong():
    assert resolved(["n"], offered={"n": 1, "other": 2}).unused == ("other",)


@pytest.mark.parametrize("layer", ["file", "parameters", "sets"])
def test_an_unknown_name_is_an_error_with_the_closest_one(layer):
    assert "unknown parameter 'sede'; did you mean 'seed'?" in problems(["seed"], **{layer: {"sede": 1}})


def test_all_problems_are_reported_together():
    text = problems(["seed", "n"], file={"sede": 1}, parameters={"m": 2}, required=["n"])
    assert "'sede'" in text
    assert "'m'" in text
    assert "'n' has no value" in text


def test_two_upstreams_with_one_name_are_an_error_that_says_how_to_bind():
    text = problems(["rows"], upstream={"extract": {"rows": 1}, "clean": {"rows": 1}})
    assert "clean and extract each offer 'rows'" in text
    assert "inputs: {rows: clean.rows}" in text


@pytest.mark.parametrize("certain", [{"inputs": {"rows": "clean.rows"}}, {"parameters": {"rows": 3}}])
def test_a_bound_or_addressed_name_is_no_conflict(certain):
    upstream = {"extract": {"rows": 1}, "clean": {"rows": 3}}
    assert resolved(["rows"], upstream=upstream, **certain).values == {"rows": 3}


def test_a_mapped_upstream_is_reached_only_through_inputs():
    upstream = {"extract": [{"path": "a"}, None, {"path": "b"}]}
    assert resolved(["path"], upstream=upstream).values == {}
    bound = resolved(["paths"], upstream=upstream, inputs={"paths": "extract.path"})
    assert bound.values == {"paths": ["a", None, "b"]}


@pytest.mark.parametrize(
    ("binding", "value"),
    [("extract", {"n": 1}), ("extract.n", 1), ("group.clean.n", 2), ("group.clean", {"n": 2})],
)
def test_a_binding_is_split_at_the_last_dot_and_may_be_a_whole_result(binding, value):
    assert bound_value(binding, {"extract": {"n": 1}, "group.clean": {"n": 2}}) == value


@pytest.mark.parametrize(
    ("binding", "words"),
    [("extrakt.n", "no direct upstream 'extrakt'; did you mean 'extract'?"), ("extract.m", "no 'm'")],
)
def test_a_binding_that_names_nothing_says_what_there_is(binding, words):
    assert words in problems(["n"], upstream={"extract": {"n": 1}}, inputs={"n": binding})


def test_a_skipped_upstream_leaves_the_default():
    assert resolved(["n"], upstream={"extract": None}, inputs={"n": "extract.n"}).values == {}


def test_a_binding_of_an_unknown_parameter_is_an_error():
    assert "inputs: unknown parameter 'm'" in problems(["n"], inputs={"m": "extract.n"})

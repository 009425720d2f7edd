import datetime

import pytest

pytest.importorskip("yaml")

from notebook_task.errors import InputError
from notebook_task.params_file import read_params_file, read_scalar


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "params.yaml"
        path.write_text(text)
        return read_params_file(path)

    return read


def test_values_inputs_and_their_lines(read):
    found = read("# about\nn: 1\n\ninputs:\n  rows: extract.rows\nday: 2012-01-02\n")
    assert found.values == {"n": 1, "day": datetime.date(2012, 1, 2)}
    assert found.inputs == {"rows": "extract.rows"}
    assert found.lines == {"n": 2, "inputs": 4, "day": 6}


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}"])
def test_an_empty_file_has_no_values(read, text):
    assert read(text).values == {}


def test_no_file_has_no_values(tmp_path):
    assert read_params_file(tmp_path / "params.yaml").values == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n: 1\nm: [1, 2\nk: 3\n", "params.yaml, line 3"),
        ("n: 1\nm:\t2\n\t- 3\n", "params.yaml, line"),
        ("- 1\n- 2\n", "expected a mapping of name: value, found a sequence"),
        ("n: 1\nn: 2\n", "line 2: 'n' stands already in line 1"),
        ("inputs: [rows]\n", "line 1: inputs must be a mapping"),
    ],
)
def test_a_broken_file_is_named_with_its_line(read, text, words):
    with pytest.raises(InputError, match=r"params\.yaml") as caught:
        read(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("a b", "a b"), ("[1, 2]", [1, 2]), ("", None), ("null", None), ("1e-3", "1e-3")],
)
def test_a_value_of_the_command_line_is_yaml(text, value):
    assert read_scalar(text, "--set n") == value

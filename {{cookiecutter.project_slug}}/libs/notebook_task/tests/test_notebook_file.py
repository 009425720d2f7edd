import json

import pytest
from notebook_task.errors import InputError
from notebook_task.notebook_check import problems
from notebook_task.notebook_file import declared_parameters, read_notebook
from project import code


def notebook(*cells):
    return {"nbformat": 4, "cells": list(cells), "metadata": {}}


def declared(source):
    return declared_parameters(notebook(code(source, tags=["parameters"])), "notebook.ipynb")


def test_parameters_are_the_names_that_the_cell_sets():
    found = declared(
        "%matplotlib inline\nn: int | None = 5  # rows\n"
        "name = f'x={1 == 1}'\na = b = {'k': (1, 2)}\nday: str\n"
    )
    assert found.names == ("n", "name", "a", "b", "day")
    assert found.required == {"day"}
    assert found.defaults["n"] == 5
    assert found.defaults["a"] == {"k": (1, 2)}


def test_names_of_another_language_are_found():
    other = notebook(code("n <- 5\ntext = 'a'\n", tags=["parameters"]))
    other["metadata"]["kernelspec"] = {"name": "ir", "language": "R"}
    assert declared_parameters(other, "notebook.ipynb").names == ("n", "text")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([code("n = 1")], "Cell Tags"),
        ([code("n = 1", tags=["parameters"]), code("m = 1", tags=["parameters"])], "cells 1 and 2"),
        ([code("a = 1"), code("n = (\n", tags=["parameters"])], "cell 2 (tagged parameters), line 1"),
    ],
)
def test_a_notebook_without_usable_parameters_says_what_to_do(cells, words):
    with pytest.raises(InputError) as caught:
        declared_parameters(notebook(*cells), "notebook.ipynb")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        (json.dumps({"nbformat": 3, "worksheets": []}), "format 3, needed is 4"),
        ("[]", "format None"),
    ],
)
def test_a_file_that_is_no_notebook_is_said(tmp_path, content, words):
    path = tmp_path / "notebook.ipynb"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_notebook(path)
    assert words in str(caught.value)


def test_check_finds_syntax_errors_and_stored_output():
    wrong = code("x = = 1")
    shown = code("1") | {"outputs": [{"output_type": "stream"}]}
    fine = [code("!ls\n%time x"), code("await f()"), code("x?")]
    first, second = problems(notebook(wrong, shown, *fine), "notebook.ipynb")
    assert first.startswith("notebook.ipynb, cell 1, line 1: invalid syntax")
    assert second.startswith("notebook.ipynb, cell 2: has stored output")

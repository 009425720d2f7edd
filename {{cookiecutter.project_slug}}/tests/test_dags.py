"""Every DAG file, yours too: it parses, quickly, and names tasks and parameters that exist."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from launcher.operators import NotebookOperator
from launcher.task_folder import find_task
from notebook_task.notebook_file import declared_parameters, read_notebook

ROOT = Path(__file__).resolve().parents[1]
DAG_FILES = sorted((ROOT / "dags").rglob("*.py"))

# A DAG file is parsed every 30 seconds: these belong into tasks, or are imported when a task runs.
HEAVY = {"docker", "kubernetes", "matplotlib", "nbclient", "numpy", "pandas", "papermill", "sklearn"}


@pytest.fixture(scope="session")
def notebook_operators(bag):
    """(operator, its keyword arguments) of every task of every DAG that is a task folder."""
    operators = [operator for dag in bag.dags.values() for operator in dag.tasks]
    mapped = [(each, each.partial_kwargs) for each in operators if each.is_mapped]
    single = [(each, vars(each)) for each in operators if not each.is_mapped]
    return [
        (operator, arguments)
        for operator, arguments in mapped + single
        if issubclass(getattr(operator, "operator_class", type(operator)), NotebookOperator)
    ]


def test_every_file_parses_and_no_dag_goes_in_circles(bag):
    assert bag.import_errors == {}


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.name)
def test_every_file_has_a_dag(bag, file):
    files = {dag.fileloc for dag in bag.dags.values()} | set(bag.import_errors)
    assert str(file) in files, (
        f"{file.name} defines no DAG: shared code belongs into a package, not into dags/"
    )


def test_every_operator_names_a_task_folder(notebook_operators):
    for _, arguments in notebook_operators:
        find_task(arguments["task"], ROOT)


def test_every_parameter_that_a_dag_gives_is_one_of_the_task(notebook_operators):
    for operator, arguments in notebook_operators:
        notebook = find_task(arguments["task"], ROOT).path / "notebook.ipynb"
        if notebook.exists():
            unknown = given_names(operator, arguments) - set(
                declared_parameters(read_notebook(notebook), notebook.name).names
            )
            assert not unknown, f"{operator.dag_id}: {operator.task_id} has no parameter {sorted(unknown)}"


def given_names(operator, arguments):
    expanded = operator.expand_input.value.get("parameters", []) if operator.is_mapped else []
    given = [arguments.get("parameters"), *(expanded if isinstance(expanded, list) else [])]
    return {name for each in given if isinstance(each, dict) for name in each}


@pytest.mark.parametrize("file", DAG_FILES, ids=lambda file: file.name)
def test_parsing_imports_nothing_heavy(file):
    code = "import runpy, sys; runpy.run_path(sys.argv[1]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    found = sorted(HEAVY & set(done.stdout.split()))
    assert not found, (
        f"{file.name} imports {found} when it is parsed: import it inside a function, or in a task"
    )

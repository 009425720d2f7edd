import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from notebook_task import artifacts, task, upstream
from notebook_task.session import current
from project import LIBRARY

SOURCE = LIBRARY / "src/notebook_task"


@pytest.fixture(autouse=True)
def interactive(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTEBOOK_TASK_SESSION", raising=False)
    monkeypatch.delenv("DATA_URL", raising=False)
    (tmp_path / "tasks/t").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "tasks/t")
    current.cache_clear()
    yield
    current.cache_clear()


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (lambda: task.result(rows=3), 'task.result: {"rows": 3}'),
        (lambda: task.skip("no data"), "task.skip: no data"),
        (lambda: task.fail("bad"), "task.fail: bad"),
        (lambda: task.artifact("a/plot.png"), "task.artifact: plot.png"),
    ],
)
def test_in_jupyter_the_calls_only_show_what_they_would_do(call, shown, capsys):
    call()
    assert capsys.readouterr().out == f"{shown}\n"


def test_in_jupyter_data_goes_below_the_project(tmp_path):
    reference = task.data_reference("x.csv")
    path = task.data_url(reference)
    assert path == str(tmp_path / ".launcher/data/local/interactive/t/-1/x.csv")
    Path(path).write_text("")


def test_the_context_names_the_attempt():
    assert (task.context.dag, task.context.task, task.context.try_number) == ("local", "t", 1)


def test_a_result_that_is_not_there_says_why():
    with pytest.raises(KeyError, match="no task ran before this one"):
        upstream["extract"]


@pytest.mark.parametrize("reference", ["/etc/passwd", "a/../../b", "s3://bucket/x"])
def test_a_reference_stays_below_the_data(reference):
    with pytest.raises(ValueError, match="below DATA_URL"):
        task.data_url(reference)


def test_the_package_says_what_it_has_not():
    assert artifacts.attempt_path(dag="d", run="r", task="t") == "d/r/t/-1/1"
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from notebook_task import nothing  # noqa: F401


def test_the_api_imports_the_standard_library_only():
    code = (
        "from notebook_task import task, upstream; import sys, json; print(json.dumps(sorted(sys.modules)))"
    )
    environment = {"PYTHONPATH": str(LIBRARY / "src")}
    run = [sys.executable, "-S", "-c", code]
    loaded = json.loads(subprocess.run(run, env=environment, check=True, capture_output=True).stdout)
    foreign = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert {name for name in foreign if not name.startswith("_")} == {"notebook_task"}


RUNNER_ONLY = {"kernel_start", "client", "engine", "executed_notebook", "execution", "cells"}


@pytest.mark.parametrize("file", sorted(SOURCE.glob("*.py")), ids=lambda file: file.stem)
def test_only_the_engine_needs_the_runners_packages_at_import(file):
    if file.stem in RUNNER_ONLY:  # and the kernel itself
        return
    tree = ast.parse(file.read_text())
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
    absolute = {node.module for node in imports if isinstance(node, ast.ImportFrom) and node.level == 0} | {
        alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names
    }
    assert names
    assert {name.partition(".")[0] for name in absolute} <= set(sys.stdlib_module_names)

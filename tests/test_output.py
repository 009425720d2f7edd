"""The output's own checks, in a project as a user has it a minute after the questions."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.conftest import Project


@pytest.fixture
def no_docker(project):
    """Docker is somewhere else: what needs none must not ask for it."""
    project.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    yield
    del project.environment["DOCKER_HOST"]


@pytest.mark.usefixtures("no_docker")
@pytest.mark.parametrize("target", ["lint", "test"])
def test_a_new_project_passes_its_own(made, target):
    done = made(target)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def clone(template, tmp_path_factory) -> Project:
    """A clone of the template in which the README's first command was typed, on a machine without Docker."""
    folder = tmp_path_factory.mktemp("clone") / "cookiecutter-airflow-notebooks"
    shutil.copytree(template, folder)
    return Project(folder, {"DOCKER_HOST": "unix:///nowhere/docker.sock"})


@pytest.fixture(scope="module")
def demo(clone) -> str:
    return clone.run("make", "demo").stdout


def test_the_demo_runs_every_task_and_ends_with_the_best_model(demo):
    for task in ("extract_year", "prepare", "train_ridge", "train_forest", "report"):
        assert re.search(rf"{task}\S*\s+success", demo)
    result = json.loads(demo.split("result of report")[1].split("executed notebooks")[0])
    assert result["models"][result["best"]] == result["mae"] < result["baseline_mae"]


def test_the_demo_says_where_the_executed_notebooks_are(demo, clone):
    printed = re.findall(r"\S+\.ipynb", demo)
    assert len(printed) == 7
    assert all((clone.path / "build/my-notebooks" / path).is_file() for path in printed)


@pytest.mark.usefixtures("demo")
def test_the_demo_runs_again_in_the_same_folder(clone):
    assert clone.run("make", "demo").returncode == 0


def test_the_checks_leave_nothing_that_git_would_take(made, project):
    for target in ("lint", "test"):
        made(target)
    project.run("git", "init", "--quiet")
    taken = set(project.run("git", "ls-files", "--others", "--exclude-standard").stdout.splitlines())
    made_by_running = (
        "__pycache__",
        ".pyc",
        ".venv",
        ".launcher",
        ".pytest_cache",
        ".ruff_cache",
        "airflow.cfg",
        ".db",
    )
    assert [name for name in taken if any(word in name for word in made_by_running)] == []


def test_help_lists_every_target(made, project):
    targets = set(re.findall(r"^([a-z-]+):", (project.path / "Makefile").read_text(), re.M))
    assert set(re.findall(r"^\s*make ([a-z-]+)", made("help").stdout, re.M)) >= targets - {"help"}


@pytest.mark.parametrize("target", ["help", "doctor"])
def test_works_before_anything_is_installed(bake, target):
    fresh = bake()
    # doctor may find something to cure on this machine; it must say so in words and not fall over.
    done = fresh.run("make", target, check=False)
    assert done.returncode in ((0,) if target == "help" else (0, 2))
    assert "Traceback" not in done.stdout + done.stderr
    assert not (fresh.path / ".venv").exists()


def test_an_unknown_verb_is_answered_with_the_closest(project):
    done = project.run("python3", "-m", "tools", "dmo", check=False)
    assert done.returncode == 2
    assert "demo" in done.stderr

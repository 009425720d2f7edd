"""`make add-task` and `make run`: from an idea to a task that runs."""

from __future__ import annotations

import nbformat
import pytest


@pytest.fixture(scope="module")
def project(bake_session):
    """A project of its own: what is added here must not be in the way of the other tests."""
    baked = bake_session(project_name="Sales", project_slug="sales")
    baked.environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    return baked


@pytest.fixture(scope="module")
def added(project):
    return project.run("make", "--no-print-directory", "add-task", "name=sales_report")


def test_a_new_task_is_a_folder_and_a_word_on_what_to_type_next(project, added):
    made = {path.name for path in (project.path / "tasks/sales_report").iterdir()}
    assert made == {path.name for path in (project.path / "templates/task").iterdir()}
    for name in made:
        assert name in added.stdout
    assert "make run task=sales_report" in added.stdout


@pytest.mark.usefixtures("added")
def test_a_new_task_runs_at_once(project):
    assert project.run("make", "run", "task=sales_report").returncode == 0


@pytest.mark.usefixtures("added")
def test_a_new_task_passes_the_projects_checks(project):
    project.run("make", "lint")
    project.run("make", "test", "args=-k sales_report")


@pytest.mark.usefixtures("added")
def test_a_taken_name_is_refused_and_nothing_changes(project):
    params = project.path / "tasks/sales_report/params.yaml"
    before = params.read_text()
    params.write_text(before + "# mine\n")
    refused = project.run("make", "add-task", "name=sales_report", check=False)
    params_now = params.read_text()
    params.write_text(before)
    assert refused.returncode != 0
    assert "sales_report" in refused.stderr
    assert params_now == before + "# mine\n"


BAD_NAMES = [
    "Sales",
    "sales-report",
    "1st",
    "a/b",
    "../x",
    "sales report",
    "é",
    "x" * 61,
    "x'; touch marker; '",
    "$(touch marker)",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused_and_makes_no_folder(project, name):
    places = (project.path.parent, project.path, project.path / "tasks")
    before = [sorted(place.iterdir()) for place in places]
    refused = project.run("python3", "-m", "tools", "add-task", f"name={name}", check=False)
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    assert [sorted(place.iterdir()) for place in places] == before


@pytest.mark.parametrize("name", ["x'; touch marker; '", '"; touch marker; "'])
def test_make_hands_a_bad_name_on_without_running_it(project, name):
    assert project.run("make", "add-task", f"name={name}", check=False).returncode != 0
    assert not (project.path / "marker").exists()


def test_an_existing_notebook_becomes_a_task(project, tmp_path):
    cells = [nbformat.v4.new_code_cell("region = 'north'"), nbformat.v4.new_code_cell("print(region)")]
    old = tmp_path / "old one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), old)
    project.run("make", "add-task", "name=from_old", f"from={old}")
    sources = [cell.source for cell in nbformat.read(project.path / "tasks/from_old/notebook.ipynb", 4).cells]
    assert "print(region)" in sources


def test_a_misspelt_task_is_answered_with_the_closest(project):
    refused = project.run("make", "run", "task=reprot", check=False)
    assert refused.returncode != 0
    assert "report" in refused.stderr


def test_a_parameter_reaches_the_notebook(project):
    done = project.run("make", "run", "task=extract_year", "set=year=2013")
    assert '"days": 365' in done.stdout


def test_an_unknown_parameter_is_named(project):
    refused = project.run("make", "run", "task=extract_year", "set=yaer=2013", check=False)
    assert refused.returncode != 0
    assert "yaer" in refused.stdout + refused.stderr
    assert "year" in refused.stdout + refused.stderr


def pins(project) -> set[str]:
    text = project.path.joinpath("airflow/requirements.txt").read_text()
    return {
        line.split()[0] for line in text.splitlines() if "==" in line and not line.lstrip().startswith("#")
    }


def test_a_package_for_dag_files_is_a_line_and_a_lock(project):
    before = pins(project)
    with project.path.joinpath("airflow/requirements.in").open("a") as wanted:
        wanted.write("emoji==2.14.1\n")
    project.run("make", "lock")
    assert pins(project) == before | {"emoji==2.14.1"}

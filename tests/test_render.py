"""What the answers make of the template, for each choice and for awkward names."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

from tests.conftest import OUTPUT, ROOT

RENDERED = {
    "README.md",
    "pyproject.toml",
    "compose.yaml",
    ".env.example",
    "airflow/Dockerfile",
    "airflow/requirements.in",
    "images/task-base/Dockerfile",
}
VARIABLE = re.compile(r"cookiecutter\.(_|project_|airflow_|python_)")
NAMES = {
    "plain": "My notebooks",
    "quotes": """Ann's "own" '''work''' \"\"\"here\"\"\"""",
    "backslashes": r"C:\new\table\\",
    "markup": "<b>&amp;</b> `code` *stars* [link](x) | # :",
    "jinja": "{% raw %} {{ 7 * 7 }} {# gone #}",
    "shell": "$HOME $(touch marker) `touch marker`; touch marker",
    "script": "Übersicht der 天気 🚀",
    "digits": "2026 Sales",
    "long": "n" * 100,
}
QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text())
PYTHONS = QUESTIONS["python_version"]


@pytest.fixture(scope="module")
def baked(bake_session, request):
    return bake_session(**request.param)


def typed(name: str) -> str:
    """Return what gives this very name: cookiecutter renders an answer once when it comes from a program."""
    return f"{{{{ {name!r} }}}}"


def combinations() -> list:
    named = [
        pytest.param({"project_name": f"{{{{ {name!r} }}}}"}, id=label, marks=())
        for label, name in NAMES.items()
    ]
    chosen = [
        pytest.param(
            {"airflow_version": airflow, "python_version": python}, id=f"airflow{airflow}-python{python}"
        )
        for airflow in QUESTIONS["airflow_version"]
        for python in PYTHONS
    ]
    return named + chosen


every_combination = pytest.mark.parametrize("baked", combinations(), indirect=True, scope="module")


def texts(folder: Path) -> dict[str, str]:
    found = {}
    for path in filter(Path.is_file, folder.rglob("*")):
        try:
            found[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


@every_combination
def test_the_files_are_exactly_those_of_the_template(baked, template):
    folder = template / OUTPUT
    assert baked.files() == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    }


@every_combination
def test_nothing_is_left_unrendered(baked):
    assert [name for name, text in texts(baked.path).items() if VARIABLE.search(text)] == []


def test_no_brace_of_jinja_is_left_in_rendered_files(project):
    found = texts(project.path)
    assert [name for name in RENDERED if re.search(r"\{[{%#]", found[name])] == []


@every_combination
def test_copied_files_are_the_templates_own(baked, template):
    differing = [
        name
        for name in baked.files()
        if (baked.path / name).read_bytes() != (template / OUTPUT / name).read_bytes()
    ]
    assert set(differing) <= RENDERED


@every_combination
def test_modes_are_the_templates_own(baked, template):
    for name in baked.files():
        assert os.access(baked.path / name, os.X_OK) == os.access(template / OUTPUT / name, os.X_OK), name


@every_combination
def test_lines_end_as_on_unix(baked):
    assert [name for name, _ in texts(baked.path).items() if b"\r" in (baked.path / name).read_bytes()] == []


@every_combination
def test_structured_files_parse(baked):
    readers = {
        ".yaml": yaml.safe_load,
        ".yml": yaml.safe_load,
        ".toml": tomllib.loads,
        ".json": json.loads,
        ".ipynb": json.loads,
    }
    parsed = 0
    for name, text in texts(baked.path).items():
        if reader := readers.get(Path(name).suffix):
            reader(text)
            parsed += 1
    assert parsed


@every_combination
def test_the_formatter_changes_nothing(baked):
    ruff = Path(sys.executable).parent / "ruff"
    for command in (("format", "--check"), ("check",)):
        done = subprocess.run([ruff, *command, "."], cwd=baked.path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "path", sorted((ROOT / OUTPUT).glob("t*/**/*.ipynb")), ids=lambda path: path.parent.name
)
def test_notebooks_are_valid_and_hold_no_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert not [cell for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")]


def test_variables_live_in_few_files(template):
    assert {name for name, text in texts(template / OUTPUT).items() if VARIABLE.search(text)} <= RENDERED


@pytest.mark.parametrize("label", NAMES)
def test_a_name_stands_in_the_readme_as_it_was_given(bake, label):
    baked = bake(project_name=typed(NAMES[label]))
    assert baked.path.joinpath("README.md").read_text().startswith(f"# {NAMES[label]}\n")
    assert not list(baked.path.parent.rglob("marker"))


@pytest.mark.parametrize("python", PYTHONS)
def test_a_chosen_python_is_that_of_the_task_images(bake, python):
    base = bake(python_version=python).path.joinpath("images/task-base/Dockerfile").read_text()
    assert f"FROM python:{python}-slim-trixie\n" in base


def test_images_start_from_literal_tags(project):
    for name in ("airflow/Dockerfile", "images/task-base/Dockerfile"):
        start = next(
            line for line in (project.path / name).read_text().splitlines() if line.startswith("FROM")
        )
        assert "$" not in start
        assert ":" in start

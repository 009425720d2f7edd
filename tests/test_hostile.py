"""Answers that a careless or malicious hand gives: refused in words, with nothing left behind."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.conftest import users_environment


@pytest.fixture
def answer(template, cookiecutter_config, tmp_path):
    """Return a function that types the command with answers and returns what came of it."""

    def type_command(**answers: str) -> subprocess.CompletedProcess:
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        pairs = [f"{name}={value}" for name, value in answers.items()]
        options = ["--no-input", "--config-file", cookiecutter_config, "--output-dir", out]
        command = [sys.executable, "-m", "cookiecutter", *options, template, *pairs]
        return subprocess.run(command, cwd=tmp_path, env=users_environment(), capture_output=True, text=True)

    return type_command


def left_behind(folder, *, patience: float = 5) -> list:
    """What lies in a folder, once the hook's process that removes empty parents had its time."""
    give_up = time.monotonic() + patience
    while (left := list(folder.rglob("*"))) and time.monotonic() < give_up:
        time.sleep(0.05)
    return left


SLUGS = [
    "No Spaces",
    "under_score",
    "dots.in",
    "a/b/c",
    "../x",
    "a/../../b",
    "x" * 41,
    "localhost",
    "-x",
    "é",
    "🚀",
]


@pytest.mark.parametrize("slug", SLUGS)
def test_a_refused_slug_leaves_no_folder(answer, tmp_path, slug):
    refused = answer(project_slug=slug)
    assert refused.returncode == 1
    assert "project_slug is" in refused.stderr or "project_slug has" in refused.stderr
    assert left_behind(tmp_path / "out") == []
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_absolute_slug_leaves_no_folder(answer, tmp_path):
    assert answer(project_slug=f"{tmp_path}/elsewhere/x").returncode == 1
    assert left_behind(tmp_path / "out") == []
    give_up = time.monotonic() + 5
    while (tmp_path / "elsewhere").exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_was_there_before_stays(answer, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/mine").write_text("mine")
    assert answer(project_slug="../kept/new").returncode == 1
    time.sleep(0.3)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["mine"]


def test_every_problem_is_said_at_once(answer):
    refused = answer(project_name="n" * 200, project_slug="No!")
    assert "project_name has 200 characters; write 100 at most" in refused.stderr
    assert "project_slug is 'No!'" in refused.stderr
    assert "such as: no" in refused.stderr


def test_a_version_that_is_not_offered_is_refused_with_those_that_are(answer, tmp_path):
    refused = answer(python_version="2.7")
    assert refused.returncode != 0
    assert "the choices are ['3.13', '3.11']" in refused.stderr
    assert left_behind(tmp_path / "out") == []


INJECTED = [
    "x'; open('MARKER', 'w'); '",
    'x"; open("MARKER", "w"); "',
    'x"""\nopen("MARKER", "w")\n"""',
    "x\\",
    "{{ cycler.__init__.__globals__.os.system('touch MARKER') }}",
]


@pytest.mark.parametrize("text", INJECTED)
@pytest.mark.parametrize("question", ["project_name", "project_slug"])
def test_code_in_an_answer_does_not_run(answer, tmp_path, question, text):
    marker = tmp_path / "marker"
    # The `raw` block is for cookiecutter, which renders every answer given on its command line.
    answer(**{question: f"{{% raw %}}{text.replace('MARKER', str(marker))}{{% endraw %}}"})
    assert not marker.exists()


def test_a_project_that_exists_is_not_touched(answer, tmp_path):
    taken = tmp_path / "out/my-notebooks"
    taken.mkdir(parents=True)
    (taken / "mine").write_text("mine")
    assert answer().returncode == 1
    assert [path.name for path in taken.iterdir()] == ["mine"]

"""The hooks, rendered as cookiecutter renders them, then imported and called."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from cookiecutter.utils import create_env_with_context

from tests.conftest import ROOT

QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text())
GOOD = {
    "project_name": "My notebooks",
    "project_slug": "my-notebooks",
    "airflow_version": QUESTIONS["airflow_version"][0],
    "python_version": QUESTIONS["python_version"][0],
}


@pytest.fixture
def load_hook(tmp_path):
    def load(name: str, **answers: str):
        context = {"cookiecutter": GOOD | {"_output_dir": str(tmp_path)} | answers}
        source = (ROOT / "hooks" / f"{name}.py").read_text()
        rendered = tmp_path / f"{name}.py"
        rendered.write_text(create_env_with_context(context).from_string(source).render(**context))
        spec = importlib.util.spec_from_file_location(name, rendered)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def pre_gen(load_hook):
    return load_hook("pre_gen_project")


@pytest.mark.parametrize(
    "answer", ['say "hi"', '"""', "back\\slash\\", "it's", "</script>", "{{ 7 }}", "🚀", "{% raw %}"]
)
def test_answers_arrive_as_they_were_given(load_hook, answer):
    assert load_hook("pre_gen_project", project_name=answer).ANSWERS["project_name"] == answer


def test_good_answers_have_no_problem(pre_gen):
    assert pre_gen.problems(GOOD) == []
    assert pre_gen.main() == 0


@pytest.mark.parametrize("slug", ["a", "a1", "sales-2026", "a" * 40])
def test_legal_slugs_pass(pre_gen, slug):
    assert pre_gen.slug_problem(slug) is None


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "A",
        "1a",
        "a_b",
        "a--b",
        "-a",
        "a-",
        "a b",
        "a.b",
        "a/b",
        "../x",
        "/tmp/x",
        "é",
        "a\n",
        "a" * 41,
        "localhost",
        "library",
    ],
)
def test_other_slugs_are_refused_with_one_that_passes(pre_gen, slug):
    problem = pre_gen.slug_problem(slug)
    assert problem
    assert pre_gen.slug_problem(problem.split(": ")[-1]) is None


def test_names_in_any_script_pass(pre_gen):
    assert [pre_gen.name_problem(name) for name in ("Übersicht 日本 🚀", "n" * 100)] == [None, None]


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "tab\t", "nul\0", "n" * 101])
def test_other_names_are_refused(pre_gen, name):
    assert pre_gen.name_problem(name)


def test_every_problem_is_listed_at_once(load_hook, capsys):
    bad = {"project_name": "", "project_slug": "No!", "airflow_version": "2.0", "python_version": "2.7"}
    hook = load_hook("pre_gen_project", **bad)
    assert hook.main() == 1
    said = capsys.readouterr().err.splitlines()[1:]
    assert [line.split()[0] for line in said] == list(bad)


def test_choices_are_those_of_the_questions(pre_gen):
    offered = {name: value for name, value in QUESTIONS.items() if isinstance(value, list) and name[0] != "_"}
    assert {name: list(value) for name, value in pre_gen.CHOICES.items()} == offered


def test_every_question_is_checked_and_asked_in_a_sentence(pre_gen):
    asked = [name for name in QUESTIONS if not name.startswith("_")]
    assert list(pre_gen.CHECKS) == asked == list(QUESTIONS["__prompts__"])
    assert all(prompt.endswith("?") for prompt in QUESTIONS["__prompts__"].values())


def test_parents_of_a_slug_are_those_it_names(pre_gen):
    out = Path("/home/somebody/out")
    assert list(pre_gen.parents_made("a/b/c", out)) == [out / "a/b", out / "a"]
    assert list(pre_gen.parents_made("my-notebooks", out)) == []
    assert list(pre_gen.parents_made("../x", out)) == []


def test_the_path_to_type_is_that_from_the_shells_folder(load_hook):
    post_gen = load_hook("post_gen_project")
    assert post_gen.typed_path(Path("/srv/my notebooks"), Path("/home/me")) == "'/srv/my notebooks'"
    assert post_gen.typed_path(Path("/home/me/my-notebooks"), Path("/home/me")) == "my-notebooks"
    assert post_gen.typed_path(Path("/home/me/build/my-notebooks"), Path("/home/me")) == "build/my-notebooks"

"""Continuous integration: the output's, step by step in a baked project, and the template's own."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from tests.conftest import OUTPUT, ROOT, users_environment

WORKFLOW = yaml.safe_load((ROOT / OUTPUT / ".github/workflows/ci.yml").read_text())
# tests/stack takes these on the real engine.
WITH_ENGINE = ["make build", "make up", "make smoke", "make logs"]
STEPS = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]


def test_every_step_is_one_target_that_exists(project):
    targets = set(re.findall(r"^([a-z-]+):", (project.path / "Makefile").read_text(), re.M))
    assert all(re.fullmatch(r"make [a-z-]+", step) for step in STEPS)
    assert {step.removeprefix("make ") for step in STEPS} <= targets


def test_it_lints_tests_builds_starts_and_smokes_in_this_order():
    assert STEPS == ["make lint", "make test", *WITH_ENGINE]


@pytest.mark.parametrize("step", [step for step in STEPS if step not in WITH_ENGINE])
def test_a_step_without_an_engine_passes(made, step):
    done = made(step.removeprefix("make "))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("step", WITH_ENGINE)
def test_a_step_with_an_engine_is_taken_by_the_stack_tests(step):
    sources = " ".join(path.read_text() for path in (ROOT / "tests/stack").glob("*.py"))
    assert f'make("{step.removeprefix("make ")}"' in sources


def test_what_failed_is_shown():
    last = WORKFLOW["jobs"]["stack"]["steps"][-1]
    assert (last["if"], last["run"]) == ("failure()", "make logs")


def test_nobody_gets_a_permission_that_is_not_needed():
    assert WORKFLOW["permissions"] == {}
    assert all(job["permissions"] == {"contents": "read"} for job in WORKFLOW["jobs"].values())


def test_actions_are_pinned_by_commit():
    used = [step["uses"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)


def test_the_templates_own_fails_without_an_engine():
    environment = users_environment() | {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    done = subprocess.run([ROOT / ".ci/run"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "No Docker engine answers here" in done.stderr

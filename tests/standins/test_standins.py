from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from tests import engine, standins
from tests.standins import CannotBePrepared, NoSuchImage, catalogue, images, plugins
from tests.standins.__main__ import main
from tests.standins.recipe import recipe_hash
from tests.standins.registry import Registry


@pytest.fixture
def docker_pull(monkeypatch, tmp_path):
    """Replaces the docker command by a script, and counts its calls."""

    def script(body):
        calls = tmp_path / "calls"
        calls.touch()
        (tmp_path / "docker").write_text(f"#!/bin/sh\necho $@ >>{calls}\n{body}\n")
        (tmp_path / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        return calls

    return script


def test_an_unreachable_registry_is_asked_once(docker_pull):
    calls = docker_pull("echo 'dial tcp: lookup registry-1.docker.io: no such host' >&2; exit 1")
    registry = Registry()
    assert not registry.pull("one:1")
    assert not registry.pull("two:2")
    assert calls.read_text().splitlines() == ["pull one:1"]
    assert "no such host" in registry.failure


def test_a_registry_that_does_not_answer_is_given_up(docker_pull, monkeypatch):
    monkeypatch.setattr("tests.standins.registry.ANSWER_SECONDS", 0.3)
    docker_pull("exec sleep 60")
    registry = Registry()
    assert not registry.pull("one:1")
    assert "no answer within" in registry.failure


def test_a_tag_that_its_registry_does_not_have_is_an_error_of_its_own(docker_pull):
    docker_pull("echo 'manifest for one:1 not found: manifest unknown' >&2; exit 1")
    with pytest.raises(NoSuchImage, match="one:1"):
        Registry().pull("one:1")


@pytest.mark.engine
def test_without_registry_and_root_the_reason_names_both(monkeypatch):
    engine.require()
    monkeypatch.setattr(Registry, "__init__", lambda self: setattr(self, "failure", "no answer"))
    absent = replace(catalogue.PYTHON_3_13, tag="standin-test:absent")
    monkeypatch.setattr(images, "IMAGES", (absent,))
    monkeypatch.setattr(images, "is_root_on_debian", lambda: False)
    with pytest.raises(
        CannotBePrepared, match=r"standin-test:absent .* \(no answer\).* only by root on Debian"
    ):
        images.ensure_images(absent.tag)


def test_absent_plugins_without_root_say_which(monkeypatch):
    monkeypatch.setattr(plugins, "works", lambda plugin: plugin != "compose")
    monkeypatch.setattr(plugins, "is_root_on_debian", lambda: False)
    with pytest.raises(CannotBePrepared, match="docker compose"):
        plugins.ensure_plugins()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_engine_skips_except_in_ci(monkeypatch, ci, outcome):
    monkeypatch.setattr(engine, "missing", lambda: "no engine")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="no engine"):
        engine.require()


def test_the_hash_changes_with_the_recipe_and_with_its_base():
    python = catalogue.PYTHON_3_13
    changed = replace(python, arguments={"X": "1"})
    assert recipe_hash(python) == recipe_hash(python)
    assert recipe_hash(changed) != recipe_hash(python)
    assert recipe_hash(replace(python, base=catalogue.BOOKWORM)) != recipe_hash(python)


@pytest.mark.engine
def test_every_base_image_is_there_and_a_second_call_makes_nothing():
    engine.require()
    made = []
    standins.ensure_images(report=made.append)
    assert made == []
    assert {images.state(image) for image in catalogue.IMAGES} <= {"pulled", "stand-in"}


@pytest.mark.engine
def test_a_stand_in_of_an_older_recipe_is_outdated_and_a_pulled_image_is_not():
    engine.require()
    image = replace(catalogue.PYTHON_3_13, tag="standin-test:state")
    for label, state in (("standin=older", "outdated"), ("other=1", "pulled")):
        empty = subprocess.run(["tar", "-c", "-T", "/dev/null"], capture_output=True, check=True).stdout
        subprocess.run(
            ["docker", "import", f"--change=LABEL {label}", "-", image.tag], input=empty, check=True
        )
        assert images.state(image) == state
        engine.docker("image", "rm", image.tag)
    assert images.state(image) == "missing"


@pytest.mark.engine
def test_the_list_names_every_image(capsys):
    engine.require()
    assert main(["--list"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        image.tag for image in catalogue.IMAGES
    ]


@pytest.mark.engine
def test_an_unknown_tag_is_refused_with_the_known_ones(capsys):
    engine.require()
    assert main(["python:2.7"]) == 1
    assert "no recipe for python:2.7; there are: python:3.13-slim-trixie" in capsys.readouterr().err

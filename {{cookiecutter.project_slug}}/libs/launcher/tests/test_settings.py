from __future__ import annotations

from pathlib import Path

import pytest
from launcher.outcome import SettingsError
from launcher.settings import Settings


def read(**environment):
    return Settings.from_environment(environment, Path("/somewhere/My Notebooks"))


def test_defaults_run_processes_below_the_project():
    settings = read()
    assert settings.backend == "process"
    assert settings.deployment == "my-notebooks"
    assert settings.data_url == "/somewhere/My Notebooks/.launcher/data"
    assert settings.image_tag == "dev"


def test_docker_keeps_data_and_artifacts_in_volumes_of_the_deployment():
    settings = read(LAUNCHER_BACKEND="docker", LAUNCHER_DEPLOYMENT="shop")
    assert settings.volumes == {"shop-data": "/data", "shop-artifacts": "/artifacts"}
    assert (settings.data_url, settings.artifacts_url) == ("/data", "/artifacts")


def test_the_environment_names_the_project_folder():
    assert read(LAUNCHER_PROJECT_DIR="/opt/project").project_dir == Path("/opt/project")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAUNCHER_BACKEND", "kubernetes"),
        ("LAUNCHER_DEPLOYMENT", "My Shop"),
        ("LAUNCHER_TASK_USER", "root"),
        ("LAUNCHER_TASK_USER", "0:0"),
        ("LAUNCHER_RESULT_LIMIT", "1 MB"),
        ("LAUNCHER_RESULT_LIMIT", "0"),
        ("LAUNCHER_STALE_IMAGES", "ignore"),
        ("LAUNCHER_VOLUMES", "/etc:/etc"),
        ("LAUNCHER_VOLUMES", "data"),
        ("IMAGE_TAG", "a b"),
    ],
)
def test_an_error_names_the_variable_and_what_it_holds(name, value):
    with pytest.raises(SettingsError, match=name) as caught:
        read(**{name: value})
    assert value in str(caught.value)


def test_no_volumes_are_a_choice():
    assert read(LAUNCHER_VOLUMES="").volumes == {}

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from launcher.settings import Settings
from launcher.spec import Identity, TaskSpec
from rigs import DockerRig, ProcessRig

# Airflow makes files in AIRFLOW_HOME when it is imported. Tests beside these may have set one up already.
if not os.environ.get("AIRFLOW_HOME", "").startswith(tempfile.gettempdir()):
    home = tempfile.mkdtemp(prefix="launcher-tests-")
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = f"{home}/project/dags"
    os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{home}/airflow.db"

TEST_IMAGE = os.environ.get("LAUNCHER_TEST_IMAGE", "python:3.13-slim-trixie")


@pytest.fixture(scope="session")
def engine():
    """The SDK's client of a running engine that has, or can pull, the test image."""
    import docker

    try:
        client = docker.from_env(version="auto")
        if not client.images.list(TEST_IMAGE):
            client.images.pull(TEST_IMAGE)
    except docker.errors.DockerException as error:
        reason = f"no engine, or no image {TEST_IMAGE}: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return client


@pytest.fixture(scope="session")
def image():
    """An image with Python; a test that starts it asks for the engine too."""
    return TEST_IMAGE


class Project:
    """A project folder with tasks that need no packages."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "tasks").mkdir(parents=True)
        (path / "images" / "task-base").mkdir(parents=True)
        (path / "images" / "task-base" / "requirements.txt").write_text("")

    def task(self, name: str, code: str) -> Path:
        folder = self.path / "tasks" / name
        folder.mkdir(exist_ok=True)
        (folder / "run.py").write_text(code)
        return folder

    def settings(self, **environment: str) -> Settings:
        return Settings.from_environment({"LAUNCHER_DEPLOYMENT": "test", **environment}, self.path)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


@pytest.fixture
def identity():
    """A task instance of its own for each test, so that names never clash on a shared engine."""
    return Identity(deployment="launcher-test", dag="dag", run=f"manual__{time.time_ns()}+00:00", task="t")


@pytest.fixture
def spec(identity):
    return TaskSpec(identity=identity, image="image:dev", task_instance="one")


def cleared(rig, identity):
    yield rig
    for found in rig.backend.find(identity):
        rig.backend.remove(found.handle)


@pytest.fixture
def process_rig(project, identity):
    yield from cleared(ProcessRig(project), identity)


@pytest.fixture
def docker_rig(project, engine, image, identity):
    yield from cleared(DockerRig(project, engine, image), identity)


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.engine)])
def rig(request):
    return request.getfixturevalue(f"{request.param}_rig")

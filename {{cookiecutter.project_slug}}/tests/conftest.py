"""What all tests share. Airflow reads the environment when it is imported, so only fixtures import it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from launcher import backends, lifecycle
from launcher.settings import Settings
from launcher.spec import Identity, TaskSpec
from launcher.task_folder import find_task

ROOT = Path(__file__).resolve().parents[1]
HOME = Path(tempfile.mkdtemp(prefix="airflow-test-"))

os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
    LAUNCHER_BACKEND="process",
    LAUNCHER_PROJECT_DIR=str(ROOT),
    # Environments stay in .launcher, where the next test finds them; data and artifacts do not.
    DATA_URL=str(HOME / "data"),
    ARTIFACTS_URL=str(HOME / "artifacts"),
)


def pytest_sessionfinish():
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def settings():
    return Settings.from_environment()


@pytest.fixture(scope="session")
def data():
    """The folder that references are relative to."""
    return Path(os.environ["DATA_URL"])


@pytest.fixture(scope="session")
def artifacts():
    return Path(os.environ["ARTIFACTS_URL"])


@pytest.fixture(scope="session")
def bag():
    """All DAGs of the project, and a database that `dag.test()` can write to."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    return DagBag(str(ROOT / "dags"))


@pytest.fixture(scope="session")
def run_task(settings):
    """Run one task as Airflow would, without Airflow: `run_task("report", upstream={"train": {...}})`."""
    runs = iter(range(1000))

    def run(name, parameters=None, *, upstream=None, map_index=-1):
        folder = find_task(name, ROOT)
        spec = TaskSpec(
            identity=Identity(
                deployment="test", dag="test", run=f"run-{next(runs)}", task=name, map_index=map_index
            ),
            image=folder.image(settings),
            folder=str(folder.path),
            parameters=parameters or {},
            upstream=upstream or {},
        )
        return lifecycle.run(spec, backends.load(settings)).result

    return run

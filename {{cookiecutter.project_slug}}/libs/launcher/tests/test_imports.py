from __future__ import annotations

import json
import subprocess
import sys

import pytest


def modules_after(code):
    script = f"{code}\nimport sys, json; print('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_parsing_a_dag_imports_neither_docker_nor_papermill():
    pytest.importorskip("airflow")
    loaded = modules_after("""
from airflow.sdk import DAG
from launcher.operators import ContainerOperator, NotebookOperator
with DAG("d", schedule=None):
    NotebookOperator(task="a") >> ContainerOperator(task_id="b", image="i")
""")
    assert "launcher.operators" in loaded
    assert not loaded & {"docker", "papermill", "nbclient", "uv", "launcher.backends.docker"}


def test_the_core_runs_without_airflow_and_docker():
    loaded = modules_after("""
import launcher.lifecycle, launcher.task_folder
from launcher import backends
from launcher.settings import Settings
backends.load(Settings.from_environment({}))
""")
    assert not loaded & {"airflow", "docker", "papermill"}

"""Every task folder, yours too: it is complete, and `run.py --check` has nothing to complain about."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from launcher.environments import Environments
from launcher.task_folder import task_folders

ROOT = Path(__file__).resolve().parents[1]
TASKS = task_folders(ROOT)
every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


@every_task
@pytest.mark.parametrize("name", ["Dockerfile", "params.yaml", "requirements.txt"])
def test_the_folder_is_complete(task, name):
    assert (task.path / name).is_file(), f"copy it from templates/task/{name}"


@every_task
def test_requirements_are_pinned(task):
    lines = (task.path / "requirements.txt").read_text().splitlines()
    packages = [line for line in lines if line.strip() and not line.startswith(("#", "-"))]
    loose = [line for line in packages if "==" not in line and "@" not in line]
    assert not loose, f"{loose}: without an exact version the task may work today and fail tomorrow"


@every_task
def test_notebook_and_parameters_are_sound(task, settings):
    environments = Environments(settings)
    python = environments.runner() if task.has_notebook else environments.task(task)
    done = subprocess.run(
        [python, "run.py", "--check"],
        cwd=task.path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "libs" / "notebook_task" / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr

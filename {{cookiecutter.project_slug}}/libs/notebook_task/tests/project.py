"""A project with task folders that a test makes, and what came out of running one."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

LIBRARY = Path(__file__).resolve().parents[1]
OUTPUT = LIBRARY.parents[1]
IDENTITY = {
    "dag": "d",
    "run": "manual__2026-01-02T03:04:05+00:00",
    "task": "t",
    "map_index": -1,
    "try_number": 1,
}


@dataclass
class Environments:
    runner: Path
    task: Path


@dataclass
class Ended:
    code: int
    log: str
    task_dir: Path
    artifacts: Path

    @property
    def result(self):
        return json.loads((self.task_dir / "out/result.json").read_text())

    @property
    def has_result(self):
        return (self.task_dir / "out/result.json").exists()

    @property
    def outcome(self):
        return json.loads((self.task_dir / "out/outcome.json").read_text())

    @property
    def notebook(self):
        return json.loads((self.artifacts / self.outcome["artifacts"]["notebook"]).read_text())

    @property
    def states(self):
        return [cell["metadata"]["papermill"]["status"] for cell in self.notebook["cells"]]


class Running:
    def __init__(self, process, task_dir, artifacts):
        self.process = process
        self._task_dir = task_dir
        self._artifacts = artifacts
        self.log = ""

    def read_until(self, text):
        while text not in self.log:
            line = self.process.stdout.readline()
            assert line, f"no {text!r} in:\n{self.log}"
            self.log += line

    def end(self, seconds=30):
        rest, _ = self.process.communicate(timeout=seconds)
        return Ended(self.process.returncode, self.log + rest, self._task_dir, self._artifacts)


class Project:
    def __init__(self, folder, environments):
        self.folder = folder
        self.environments = environments
        self.artifacts = folder / "artifacts"
        self._count = 0

    def notebook(self, *cells, name="t", params=""):
        """Make a task folder; the first cell is tagged `parameters`; a cell is its source or a whole cell."""
        content = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
            "cells": [cell if isinstance(cell, dict) else code(cell) for cell in cells],
        }
        for number, cell in enumerate(content["cells"]):
            cell["id"] = f"cell{number}"
        if content["cells"] and not content["cells"][0]["metadata"]:
            content["cells"][0]["metadata"] = {"tags": ["parameters"]}
        return self.task(name, {"notebook.ipynb": json.dumps(content), "params.yaml": params})

    def script(self, source, *, name="t", params=""):
        return self.task(name, {"run.py": source, "params.yaml": params})

    def task(self, name, files):
        folder = self.folder / "tasks" / name
        folder.mkdir(parents=True)
        shutil.copy(OUTPUT / "templates/task/run.py", folder)
        for file, text in files.items():
            (folder / file).write_text(text)
        self.path = folder
        return self

    def start(self, *arguments, python=None, environment=None, identity=None, **staged):
        """Start run.py as a launcher does; staged are the keys of params.json."""
        self._count += 1
        task_dir = self.folder / f"attempt{self._count}"
        for part in ("in", "out", "work"):
            (task_dir / part).mkdir(parents=True)
        request = {"schema": 1, "identity": IDENTITY | (identity or {}), **staged}
        (task_dir / "in/params.json").write_text(json.dumps(request))
        given = {
            "TASK_DIR": str(task_dir),
            "DATA_URL": str(self.folder / "data"),
            "ARTIFACTS_URL": str(self.artifacts),
            **(environment or {}),
        }
        process = self.process(*arguments, python=python, environment=given)
        return Running(process, task_dir, self.artifacts)

    def process(self, *arguments, python=None, environment=None):
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
        return subprocess.Popen(
            [str(python or self.environments.runner), "run.py", *arguments],
            cwd=self.path,
            env={
                **kept,
                "PYTHONPATH": str(LIBRARY / "src"),
                "TASK_PYTHON": str(self.environments.task),
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments, **options):
        return self.start(*arguments, **options).end()

    def run_script(self, *arguments, **options):
        return self.run(*arguments, python=self.environments.task, **options)

    def run_by_hand(self, *arguments, **options):
        process = self.process(*arguments, **options)
        log, _ = process.communicate(timeout=60)
        return process.returncode, log


def code(source, **metadata):
    return {
        "cell_type": "code",
        "source": source,
        "metadata": metadata,
        "outputs": [],
        "execution_count": None,
    }


def text(source):
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)

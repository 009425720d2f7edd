"""A project rendered from the template as it stands, to be measured."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cookiecutter.main import cookiecutter

from tests import engine
from tests.stack.airflow_api import AirflowApi

TEMPLATE = Path(__file__).parents[1]
SLUG = "benchmark-notebooks"


class Project:
    def __init__(self, path: Path, port: int) -> None:
        self.path = path
        self.port = port

    def run(self, *command: str) -> str:
        """Run a command in the project; its output, or the end of it with the error."""
        environment = {**os.environ, "AIRFLOW_PORT": str(self.port)}
        done = subprocess.run(command, cwd=self.path, env=environment, text=True, capture_output=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout

    def timed(self, *command: str) -> float:
        start = time.monotonic()
        self.run(*command)
        return time.monotonic() - start

    def up(self) -> tuple[float, AirflowApi]:
        """Start the stack: the seconds it took until all is healthy, and a logged-in client."""
        start = time.monotonic()
        printed = self.run("make", "up")
        took = time.monotonic() - start
        user, password = (re.search(rf"{word}\W+(\S+)", printed, re.I)[1] for word in ("user", "password"))
        return took, AirflowApi(f"http://127.0.0.1:{self.port}", user, password)


@contextmanager
def rendered() -> Iterator[Project]:
    """The template with its defaults in a folder of its own, and nothing of it left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    answers = {"project_slug": SLUG}
    path = cookiecutter(str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=answers)
    project = Project(Path(path), free_port())
    try:
        yield project
    finally:
        if (project.path / ".env").exists():
            engine.remove_deployment(SLUG)
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]

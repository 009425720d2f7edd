"""Projects baked from the template as a user gets it, and a way to type commands in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

ROOT = Path(__file__).parent.parent
OUTPUT = "{{cookiecutter.project_slug}}"
# A project must not see these of whoever runs the tests.
FOREIGN = (
    "CI",  # a project's own tests skip without an engine here; tests/test_launcher.py has them fail
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",  # without bytecode every start of Airflow takes seconds more
    "PYTEST_",
    "MAKE",
    "MFLAGS",
    "AIRFLOW",
    "LAUNCHER_",
    "COMPOSE_",
    "IMAGE_TAG",
)


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items) -> None:
    """Two workers: one has the engine to itself, the other the baked project with its environments."""
    for item in items:
        on_engine = item.get_closest_marker("engine") or ROOT / "tests/stack" in item.path.parents
        item.add_marker(pytest.mark.xdist_group("engine" if on_engine else "project"))


def users_environment() -> dict[str, str]:
    """The environment of a shell in which nothing of the template's development is active."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    own = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join(
        folder for folder in environment["PATH"].split(os.pathsep) if folder != own
    )
    return environment


@dataclass
class Project:
    """A baked project."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(
        self, *command: str | Path, check: bool = True, timeout: float = 900
    ) -> subprocess.CompletedProcess:
        """Type a command in the project; a failure shows what it printed."""
        done = subprocess.run(
            list(map(str, command)),
            cwd=self.path,
            env=users_environment() | self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        typed = " ".join(map(str, command))
        assert not check or done.returncode == 0, (
            f"{typed}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def files(self) -> set[str]:
        return {path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def template(tmp_path_factory) -> Path:
    """The template as a clone has it: without the caches and environments of whoever develops it."""
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    clone = tmp_path_factory.mktemp("template")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    return clone


@pytest.fixture(scope="session")
def cookiecutter_config(tmp_path_factory) -> Path:
    """A configuration that keeps cookiecutter out of the home folder."""
    home = tmp_path_factory.mktemp("cookiecutter")
    config = home / "config.yaml"
    config.write_text(f"cookiecutters_dir: {home}/templates\nreplay_dir: {home}/replay\n")
    return config


@pytest.fixture(scope="session")
def bake_session(template, cookiecutter_config, tmp_path_factory) -> Callable[..., Project]:
    """Return a function that makes a project from answers; what is not answered keeps its default."""

    def bake(**answers: str) -> Project:
        made = cookiecutter(
            str(template),
            no_input=True,
            extra_context=answers,
            output_dir=str(tmp_path_factory.mktemp("projects")),
            config_file=str(cookiecutter_config),
        )
        return Project(Path(made))

    return bake


@pytest.fixture
def bake(bake_session) -> Callable[..., Project]:
    """The same for projects that one test alone uses."""
    return bake_session


@pytest.fixture(scope="session")
def project(bake_session) -> Project:
    """One project with the default answers, in which the output's own commands run."""
    return bake_session()


@pytest.fixture(scope="session")
def made(project) -> Callable[[str], subprocess.CompletedProcess]:
    """Return a function that runs a make target of the shared project once, then its outcome."""
    outcomes: dict[str, subprocess.CompletedProcess] = {}

    def make(target: str) -> subprocess.CompletedProcess:
        if target not in outcomes:
            outcomes[target] = project.run("make", "--no-print-directory", target, check=False, timeout=1500)
        return outcomes[target]

    return make

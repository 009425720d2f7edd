"""One generated project, its images and its stack, shared by all tests of this folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import engine
from tests.stack.airflow_api import AirflowApi
from tests.stack.make_notebooks import NOTEBOOKS, write_notebook

HERE = Path(__file__).parent
SLUG = "stack-under-test"


def pytest_collection_modifyitems(items) -> None:
    """All of this folder shares one stack, hence one worker of pytest-xdist."""
    for item in items:
        if Path(item.path).is_relative_to(HERE):
            item.add_marker(pytest.mark.xdist_group("engine"))
            item.add_marker(pytest.mark.engine)


def nameless_volumes() -> frozenset[str]:
    """Those that an image declares and nobody named: no label ties them to a deployment."""
    names = engine.docker("volume", "ls", "--quiet").split()
    return frozenset(name for name in names if re.fullmatch("[0-9a-f]{64}", name))


@dataclass
class Stack:
    project: object  # what `bake` returned
    port: int
    printed: str = ""  # what `make up` printed
    api: AirflowApi | None = None
    volumes_before: frozenset[str] = field(default_factory=nameless_volumes)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def login(self) -> tuple[str, str]:
        user = re.search(r"user\W+(\S+)", self.printed, re.I)
        password = re.search(r"password\W+(\S+)", self.printed, re.I)
        assert user, f"make up printed no login:\n{self.printed}"
        assert password, f"make up printed no password:\n{self.printed}"
        return user[1], password[1]

    def make(self, *arguments: str, check: bool = True, timeout: float = 900):
        return self.project.run("make", "--no-print-directory", *arguments, check=check, timeout=timeout)

    def containers(self, **labels: str) -> list[dict]:
        return engine.containers({"launcher.deployment": SLUG, **labels})


@pytest.fixture(scope="session")
def built(bake_session) -> Iterator[Stack]:
    """The project with the tests' own tasks and DAGs, all images built, nothing started."""
    engine.require()
    engine.remove_deployment(SLUG)
    project = bake_session(project_name="Stack under test", project_slug=SLUG)
    stack = Stack(project, engine.free_port())
    notebooks = project.path.parent / "notebooks"
    notebooks.mkdir()
    for name in NOTEBOOKS:
        stack.make("add-task", f"name={name}", f"from={write_notebook(notebooks, name)}")
    shutil.copy(HERE / "project/dags/stack_tests.py", project.path / "dags")
    stack.make("build", timeout=1800)
    yield stack
    engine.remove_deployment(SLUG)


@pytest.fixture(scope="session")
def stack(built: Stack) -> Iterator[Stack]:
    built.project.environment["AIRFLOW_PORT"] = str(built.port)
    built.printed = built.make("up").stdout
    built.api = AirflowApi(built.url, *built.login)
    yield built
    built.make("down", check=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed stack test shows the state of every service and the end of its log."""
    report = (yield).get_result()
    stack = item.funcargs.get("stack") if report.when == "call" and report.failed else None
    if stack:
        for command in (
            ["docker", "compose", "ps", "--all"],
            ["docker", "compose", "logs", "--tail=25", "--no-color"],
        ):
            shown = stack.project.run(*command, check=False)
            report.sections.append((" ".join(command), shown.stdout + shown.stderr))

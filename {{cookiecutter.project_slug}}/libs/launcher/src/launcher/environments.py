"""Python environments of the process backend: one a task and one for the notebook runner, made once and kept.

An environment's folder carries a hash of everything that went into it, so a changed requirements.txt gets a
new one and two tasks with equal requirements share one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import uv

from launcher.outcome import LaunchError
from launcher.settings import Settings
from launcher.task_folder import TaskFolder, task_folders

log = logging.getLogger(__name__)

# What uv needs of the environment besides what every child gets.
UV_VARIABLES = re.compile(r"UV_.*|PIP_.*|HOME|XDG_CACHE_HOME|TMPDIR")
CHILD_VARIABLES = re.compile(
    r"PATH|LANG|LANGUAGE|LC_.*|TZ|(?i:https?_proxy|no_proxy|all_proxy)"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|AWS_CA_BUNDLE|NODE_EXTRA_CA_CERTS"
)
FROM_PYTHON = re.compile(r"^FROM\s+\S*?python:(\d+\.\d+)", re.MULTILINE)


def child_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a task may know of the environment around it: the allow-list, so no credential of Airflow's."""
    given = os.environ if environment is None else environment
    return {name: value for name, value in given.items() if CHILD_VARIABLES.fullmatch(name)}


@dataclass(frozen=True)
class Interpreter:
    """The Python that environments are made with, and one line on why it is this one."""

    path: str
    version: str
    reason: str


class Environments:
    """Makes and finds the environments of one project."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home / "environments"
        self._base = settings.project_dir / "images" / "task-base"
        self._project_dir = settings.project_dir

    def runner(self) -> Path:
        """The Python that runs notebooks. Raises LaunchError with uv's words."""
        requirements = self._base / "requirements.txt"
        if not requirements.is_file():
            raise LaunchError(f"{requirements} is missing: it says what runs a notebook")
        return self._python("runner", [requirements])

    def task(self, folder: TaskFolder) -> Path:
        """The Python of a task's own environment. Raises LaunchError with uv's words."""
        return self._python(folder.name, [self._base / "kernel.txt", folder.path / "requirements.txt"])

    def prepare(self, show: Callable[[str], None] = print) -> None:
        """Make all environments of the project at once, with a line for each. Raises LaunchError."""
        self._remember(choose_interpreter(self._base / "Dockerfile"))
        show(self._interpreter.reason)
        folders = task_folders(self._project_dir)
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            jobs = {pool.submit(self.runner): "the notebook runner"}
            jobs |= {pool.submit(self.task, folder): f"task {folder.name}" for folder in folders}
            show(f"making {len(jobs)} environments, or finding them from an earlier run")
            for job in as_completed(jobs):
                job.result()
                show(f"environment of {jobs[job]} is ready")

    @cached_property
    def _interpreter(self) -> Interpreter:
        # Asking uv takes up to a second, so each task reads what the first one has found.
        with suppress(OSError, ValueError, TypeError):
            known = Interpreter(**json.loads(self._choice.read_text()))
            if Path(known.path).exists():
                return known
        chosen = choose_interpreter(self._base / "Dockerfile")
        self._remember(chosen)
        return chosen

    @property
    def _choice(self) -> Path:
        # Another Python that runs the launcher may have to choose differently.
        running = hashlib.sha256(f"{sys.executable} {platform.python_version()}".encode()).hexdigest()[:12]
        return self._home / f"python-{running}.json"

    def _remember(self, interpreter: Interpreter) -> None:
        self.__dict__["_interpreter"] = interpreter
        self._home.mkdir(parents=True, exist_ok=True)
        unfinished = self._choice.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(asdict(interpreter)))
        unfinished.replace(self._choice)

    def _python(self, name: str, requirements: list[Path]) -> Path:
        folder = self._home / f"{name}-{self._key(requirements)}"
        python = folder / "bin" / "python"
        if not python.exists():
            self._home.mkdir(parents=True, exist_ok=True)
            with _locked(folder.with_name(f".{folder.name}.lock")):
                if not python.exists():
                    self._make(folder, requirements)
        return python

    def _key(self, requirements: list[Path]) -> str:
        digest = hashlib.sha256(f"{self._interpreter.path} {self._interpreter.version}".encode())
        for file in requirements:
            digest.update(b"\0" + (file.read_bytes() if file.is_file() else b""))
        return digest.hexdigest()[:12]

    def _make(self, folder: Path, requirements: list[Path]) -> None:
        log.info("making the environment %s; later runs find it", folder.name)
        # Built beside and renamed: an interrupted build never looks like an environment.
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=self._home))
        try:
            _uv("venv", "--relocatable", "--clear", "--python", self._interpreter.path, str(unfinished))
            files = [argument for file in requirements if file.is_file() for argument in ("-r", str(file))]
            if files:
                _uv("pip", "install", "--python", str(unfinished / "bin" / "python"), *files)
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


def choose_interpreter(dockerfile: Path) -> Interpreter:
    """The Python version that the task images have if this machine has it, else the running one."""
    running = platform.python_version()
    wanted = FROM_PYTHON.search(dockerfile.read_text()) if dockerfile.is_file() else None
    if wanted is None:
        return Interpreter(sys.executable, running, f"task environments use the running Python {running}")
    if running.startswith(wanted[1] + "."):
        return Interpreter(
            sys.executable, running, f"task environments use Python {running}, as the images do"
        )
    path = _find_python(wanted[1])
    if path is not None:
        return Interpreter(
            path, wanted[1], f"task environments use Python {wanted[1]}, as the images do: {path}"
        )
    return Interpreter(
        sys.executable,
        running,
        f"the images have Python {wanted[1]}, this machine has none: task environments use {running}",
    )


def _find_python(version: str) -> str | None:
    command = [_uv_binary(), "python", "find", "--no-python-downloads", "--system", version]
    found = subprocess.run(command, capture_output=True, text=True, env=_uv_environment())
    return found.stdout.strip() or None if found.returncode == 0 else None


def _uv(*arguments: str) -> None:
    command = [_uv_binary(), *arguments, "--no-python-downloads", "--no-config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, env=_uv_environment())
    if done.returncode != 0:
        raise LaunchError(f"the environment could not be made; uv says:\n{done.stderr.strip()[-2000:]}")


def _uv_environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if UV_VARIABLES.fullmatch(name)}
    return {**child_environment(), **own}


def _uv_binary() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError:
        found = shutil.which("uv")
    if found is None:
        raise LaunchError("uv is not installed: pip install uv")
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

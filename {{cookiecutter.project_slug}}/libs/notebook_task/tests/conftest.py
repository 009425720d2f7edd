"""Real environments, one for the runner and one for the tasks, made once by uv and kept between runs."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import Environments, Project

PROJECT = Path(__file__).resolve().parents[3]
IMAGE = PROJECT / "images" / "task-base"


@pytest.fixture(scope="session")
def environments(pytestconfig):
    lock, kernel = IMAGE / "requirements.txt", IMAGE / "kernel.txt"
    wanted = lock.read_text() + kernel.read_text() + sys.version
    folder = pytestconfig.cache.mkdir(f"notebook_task_{hashlib.sha256(wanted.encode()).hexdigest()[:12]}")
    runner = made(folder / "runner", ["-r", str(lock)])
    return Environments(runner, made(folder / "task", ["-r", str(kernel), "pandas<4"]))


def made(folder: Path, requirements: list[str]) -> Path:
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
        assert uv, "these tests need uv: pip install uv"
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder)], check=True)
        install = [uv, "pip", "install", "-q", "--python", str(python), "--compile-bytecode", *requirements]
        subprocess.run(install, check=True)
        (folder / "complete").touch()
    return python


@pytest.fixture
def project(environments, tmp_path):
    return Project(tmp_path / "project", environments)

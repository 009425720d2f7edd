"""The project's own Python environment, .venv: Airflow as in the image, both libraries, the test tools."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools import project, terminal
from tools.errors import ToolError

VENV = project.ROOT / ".venv"
STAMP = VENV / ".made-from"
REQUIREMENTS = ("airflow/requirements.txt", "requirements-dev.txt")
LIBRARIES = ("libs/launcher", "libs/notebook_task")


def python() -> Path:
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return VENV / folder / name


def enter() -> None:
    """Go on in .venv: make it or bring it up to date, and start this same command there.

    :raises ToolError: it cannot be made; says what uv said
    """
    ensure()
    if Path(sys.prefix).resolve() != VENV.resolve():
        sys.stdout.flush()
        os.execv(python(), [str(python()), "-m", "tools", *sys.argv[1:]])


def ensure() -> None:
    """Make .venv where it is missing or older than what it is made from."""
    wanted = fingerprint()
    if python().exists() and STAMP.is_file() and STAMP.read_text() == wanted:
        return
    if sys.version_info >= (3, 15):
        raise ToolError("Airflow runs on Python 3.11 to 3.14, and this is newer", "make PYTHON=python3.13 …")
    start = time.monotonic()
    terminal.say("making .venv: Airflow and the libraries of this project")
    STAMP.unlink(missing_ok=True)
    log = project.log_file("environment")
    uv = find_uv(log)
    if not usable(python()):
        call([*uv, "venv", "--quiet", "--clear", "--python", base_python(), str(VENV)], log)
    words = [word for name in REQUIREMENTS for word in ("--requirement", str(project.ROOT / name))]
    words += [word for name in LIBRARIES for word in ("--editable", str(project.ROOT / name))]
    call([*uv, "pip", "install", "--quiet", "--python", str(python()), *words], log)
    STAMP.write_text(wanted)
    terminal.say(f"  .venv is ready, {terminal.seconds(start)}")


def fingerprint() -> str:
    """What .venv is made from, in one word."""
    digest = hashlib.sha256(".".join(map(str, sys.version_info[:2])).encode())
    for name in (*REQUIREMENTS, *(f"{library}/pyproject.toml" for library in LIBRARIES)):
        digest.update(b"\0" + (project.ROOT / name).read_bytes())
    # Editable packages are found by path: a project that was moved needs another one.
    digest.update(str(project.ROOT).encode())
    return digest.hexdigest()


def usable(path: Path) -> bool:
    """Whether an environment works and has this Python's version; its Python may be gone since."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        found = subprocess.run([path, "-c", code], capture_output=True, text=True).stdout
    except OSError:
        return False
    return found.split() == [str(part) for part in sys.version_info[:2]]


def base_python() -> str:
    # From within a virtual environment: the Python that it was made with, or .venv would hang on that one.
    return getattr(sys, "_base_executable", None) or sys.executable


def find_uv(log: Path) -> list[str]:
    """The command uv: of this machine, else one installed below .launcher."""
    found = shutil.which("uv")
    # A pyenv shim is there for every version and fails for most of them.
    if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0:
        return [found]
    folder = project.HOME / "uv"
    own = folder / "bin" / "uv"
    if not own.exists():
        terminal.say("  uv is not on this machine: installing it below .launcher")
        call([base_python(), "-m", "venv", "--clear", str(folder)], log)
        call([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"], log)
    return [str(own)]


def call(command: list[str], log: Path) -> None:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        code = terminal.wait_for(process, "  still installing")
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code != 0:
        words = log.read_text(encoding="utf-8", errors="replace")
        raise ToolError(f"{command[0]} failed:\n{terminal.last_lines(log)}", cure(words))


def cure(words: str) -> str:
    if "ensurepip" in words:
        return "install uv (https://docs.astral.sh/uv), or on Debian: sudo apt install python3-venv"
    if "certificate" in words.lower():
        return "behind a company's proxy: docs/proxy-and-ca.md"
    if "No space left" in words:
        return "make room on the disk, then try again"
    return "is the network there? Behind a proxy: docs/proxy-and-ca.md. Then try again"

"""Where this project is, what it is called, and what its settings are."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from tools import dotenv
from tools.errors import ToolError

ROOT = Path(__file__).resolve().parents[1]
# Everything that the tools make here: environments, local runs, logs of the tools.
HOME = ROOT / ".launcher"
DOTENV = ROOT / ".env"


def settings() -> dict[str, str]:
    """What Compose sees: .env below the environment of this process."""
    return dotenv.read(DOTENV) | dict(os.environ)


def setting(name: str, default: str) -> str:
    return settings().get(name) or default


def number(name: str, default: int) -> int:
    """A setting that is a whole number. Raises ToolError where it is not."""
    value = setting(name, str(default))
    if not value.isdigit():
        raise ToolError(
            f"{name}={value} is no whole number", f"correct it in {DOTENV}, such as {name}={default}"
        )
    return int(value)


def deployment() -> str:
    """The name that images, containers, volumes and networks of this deployment begin with."""
    return setting("COMPOSE_PROJECT_NAME", "") or slug()


def slug() -> str:
    """The project's own name, which compose.yaml says once for all."""
    found = re.search(r"^name:\s*(\S+)", (ROOT / "compose.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ToolError("compose.yaml has no line 'name: …'", "put it back: name: my-project")
    return found[1]


def image(name: str) -> str:
    return f"{deployment()}/{name}:{setting('IMAGE_TAG', 'dev')}"


def volume(name: str) -> str:
    return f"{deployment()}-{name}"


def log_file(name: str) -> Path:
    """A new, empty file for what a person need not read unless something fails."""
    path = HOME / "logs" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def shown(path: Path) -> str:
    """A path as it can be typed from here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def use_library(name: str) -> None:
    """Make a library of this project importable without .venv: its parts that depend on nothing."""
    source = str(ROOT / "libs" / name / "src")
    if source not in sys.path:
        sys.path.insert(0, source)

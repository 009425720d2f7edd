"""Call `docker` and `docker compose`; say what is missing where they cannot be called."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tools import dotenv, project
from tools.errors import ToolError

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
TASK_LABEL = "launcher.deployment"
NO_DOCKER = "install it (https://docs.docker.com/get-docker/); without Docker there is: make demo"


def docker(*words: str, check: bool = True, standard_input: str | None = None) -> str:
    """What a docker command prints. Raises ToolError with its last line where it fails."""
    try:
        done = subprocess.run(
            ["docker", *words], capture_output=True, text=True, input=standard_input, errors="replace"
        )
    except FileNotFoundError:
        raise ToolError("Docker is not installed: there is no command 'docker'", NO_DOCKER) from None
    if check and done.returncode != 0:
        raise failure(words, done.stderr)
    return done.stdout.strip()


def failure(words: tuple[str, ...], output: str) -> ToolError:
    lines = [line for line in output.strip().splitlines() if line.strip()]
    said = lines[-1] if lines else "it said nothing"
    for sign, cure in CURES.items():
        if sign in output:
            return ToolError(f"the Docker engine does not answer: {said}", cure)
    return ToolError(f"docker {' '.join(words[:3])} failed: {said}", "make doctor says what is missing")


CURES = {
    "permission denied": "let your user use Docker: sudo usermod -aG docker $USER, then log in again",
    "Cannot connect": "start it: Docker Desktop, or: sudo systemctl start docker",
    "failed to connect": "start it: Docker Desktop, or: sudo systemctl start docker",
    "error during connect": "start it: Docker Desktop, or: sudo systemctl start docker",
    "no such host": "DOCKER_HOST or the Docker context names a host that does not exist: docker context ls",
}


def lines(*words: str) -> list[str]:
    return docker(*words).splitlines()


def inspect(kind: str, name: str) -> dict[str, Any] | None:
    """What the engine knows of an image, a volume, a container; None where there is none."""
    output = docker(kind, "inspect", name, check=False)
    found = json.loads(output or "[]")
    return found[0] if found else None


def compose_command(*words: str) -> list[str]:
    return ["docker", "compose", "--project-directory", str(project.ROOT), *words]


def compose_environment() -> dict[str, str]:
    """The environment for compose, which must read its file without a .env too: to take things down."""
    placeholders = {} if project.DOTENV.exists() else dict.fromkeys(dotenv.SECRETS, "unset")
    return placeholders | dict(os.environ)


def compose(*words: str, check: bool = True) -> str:
    """What a compose command prints, standard error first. Raises ToolError where it fails."""
    done = subprocess.run(
        compose_command(*words), capture_output=True, text=True, env=compose_environment(), errors="replace"
    )
    if check and done.returncode != 0:
        raise failure(("compose", *words), done.stderr)
    return done.stderr + done.stdout


def start_compose(*words: str, log: Path) -> subprocess.Popen[bytes]:
    """Begin a compose command whose words go to a file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            compose_command(*words), stdout=output, stderr=subprocess.STDOUT, env=compose_environment()
        )

"""What a task needs that runs without the stack around it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools import local, project
from tools.engine import PROJECT_LABEL, docker, inspect
from tools.errors import ToolError

if TYPE_CHECKING:
    from launcher.settings import Settings

# Both volumes are mounted first by a task here, and take the owner that the image gives these folders.
VOLUMES = {"data": "/data", "artifacts": "/artifacts"}
NETWORK = "tasks"


def settings(backend: str) -> Settings:
    """The launcher's settings: the process backend's, or those that compose.yaml gives the worker."""
    from launcher.outcome import SettingsError
    from launcher.settings import Settings

    variables = local.environment() if backend == "process" else stack_environment()
    try:
        return Settings.from_environment(variables, project.ROOT)
    except SettingsError as error:
        raise ToolError(str(error), "correct it in .env or in your shell") from None


def stack_environment() -> dict[str, str]:
    volumes = ",".join(f"{project.volume(name)}:{path}" for name, path in VOLUMES.items())
    return {
        "LAUNCHER_BACKEND": "docker",
        "LAUNCHER_DEPLOYMENT": project.deployment(),
        "LAUNCHER_PROJECT_DIR": str(project.ROOT),
        "LAUNCHER_NETWORK": f"{project.deployment()}-{NETWORK}",
        "LAUNCHER_VOLUMES": volumes,
        "LAUNCHER_TASK_USER": project.setting("LAUNCHER_TASK_USER", "1000:1000"),
        "IMAGE_TAG": project.setting("IMAGE_TAG", "dev"),
        "DOCKER_HOST": engine_address(),
    }


def engine_address() -> str:
    """The engine that the command `docker` uses; the docker SDK does not know contexts."""
    return os.environ.get("DOCKER_HOST") or docker(
        *("context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    )


def make_places() -> None:
    """The volumes and the network, as Compose would make them: it takes them over, and reset finds them."""
    owner = f"{PROJECT_LABEL}={project.deployment()}"
    for name in VOLUMES:
        if inspect("volume", project.volume(name)) is None:
            label = f"com.docker.compose.volume={name}"
            docker("volume", "create", "--label", owner, "--label", label, project.volume(name))
    network = f"{project.deployment()}-{NETWORK}"
    if inspect("network", network) is None:
        label = f"com.docker.compose.network={NETWORK}"
        docker("network", "create", "--label", owner, "--label", label, network)


def copied_out(reference: str, task: str) -> Path:
    """A file of the volume `artifacts`, copied below .launcher/artifacts."""
    target = project.HOME / "artifacts" / reference
    target.parent.mkdir(parents=True, exist_ok=True)
    source = f"{VOLUMES['artifacts']}/{reference}"
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "cat"]
    command += ["--volume", f"{project.volume('artifacts')}:{VOLUMES['artifacts']}:ro"]
    command += [project.image(task), source]
    with target.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        target.unlink()
        raise ToolError(f"{source} could not be read from the volume: {done.stderr.strip()}")
    return target

"""The Docker engine as tests see it: what is missing, what one deployment has on it, and away with that."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

from tests.standins import CannotBePrepared, EngineMissing, ensure_images, ensure_plugins
from tests.standins.command import require_engine

DEPLOYMENT = "launcher.deployment"
COMPOSE_PROJECT = "com.docker.compose.project"
# `docker run` makes these without Compose's label when a task runs before the first `up`.
VOLUMES = ("postgres", "redis", "logs", "data", "artifacts")
NETWORKS = ("tasks",)


def require() -> None:
    """Prepare engine, plugins and base images; where they cannot be had, skip the test, or fail it in CI."""
    if (reason := missing()) is not None:
        skip_or_fail(reason)


def skip_or_fail(reason: str) -> NoReturn:
    """Skip a test whose real parts cannot be had here; in CI that is a failure."""
    if _in_ci():
        pytest.fail(f"engine tests are not skipped in CI: {reason}", pytrace=False)
    pytest.skip(reason)


@functools.cache
def missing() -> str | None:
    """Why the engine tests cannot run here, after trying to make good what is missing."""
    try:
        require_engine()
        ensure_plugins()
        ensure_images()
    except (EngineMissing, CannotBePrepared) as error:
        return str(error)
    return None


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def docker(*arguments: str, check: bool = True) -> str:
    """What a docker command prints; its errors are in the exception."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def inspect(kind: str, name: str) -> dict[str, Any]:
    """What the engine knows of one `image`, `container`, `volume` or `network`."""
    return json.loads(docker(kind, "inspect", name))[0]


def containers(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """All containers with these labels, running or not, as `docker inspect` shows them."""
    found = _listed("ps", "--all", labels=labels, show="{{.ID}}")
    # One of them may be gone by now: then docker prints the others and ends with an error.
    return json.loads(docker("container", "inspect", *found, check=False) or "[]") if found else []


def task_containers(deployment: str) -> list[dict[str, Any]]:
    return containers({DEPLOYMENT: deployment})


def compose_containers(deployment: str) -> list[dict[str, Any]]:
    return containers({COMPOSE_PROJECT: deployment})


def volumes(deployment: str) -> list[str]:
    """The names of a deployment's volumes."""
    named = {f"{deployment}-{name}" for name in VOLUMES}
    return _own("volume", deployment, named)


def networks(deployment: str) -> list[str]:
    """The names of a deployment's networks."""
    named = {f"{deployment}-{name}" for name in NETWORKS}
    return _own("network", deployment, named)


def images(deployment: str) -> list[str]:
    """The tags of a deployment's images."""
    show = "{{.Repository}}:{{.Tag}}"
    return docker("image", "ls", "--filter", f"reference={deployment}/*", "--format", show).split()


def remove_deployment(deployment: str) -> None:
    """Remove the containers, volumes, networks and images of one deployment, and nothing else."""
    # A worker that still runs would start another task container.
    for found in (compose_containers(deployment), task_containers(deployment)):
        _remove(("container", "rm", "--force", "--volumes"), [container["Id"] for container in found])
    _remove(("volume", "rm", "--force"), volumes(deployment))
    _remove(("network", "rm"), networks(deployment))
    _remove(("image", "rm", "--force"), images(deployment))


@contextmanager
def record_events(deployment: str) -> Iterator[list[dict[str, Any]]]:
    """Collect what happens to a deployment's task containers; the list is complete when the block is left."""
    events: list[dict[str, Any]] = []
    command = [
        *("docker", "events", "--since", f"{time.time():.6f}", "--format", "{{json .}}"),
        *("--filter", "type=container", "--filter", f"label={DEPLOYMENT}={deployment}"),
    ]
    # Streamed: the engine remembers the last 256 events only, and health checks fill that within minutes.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stream:
        reader = threading.Thread(target=lambda: events.extend(map(json.loads, stream.stdout)))
        reader.start()
        try:
            yield events
        finally:
            time.sleep(1)  # the last events are still on their way
            stream.terminate()
            reader.join()


def _listed(*command: str, labels: Mapping[str, str], show: str) -> list[str]:
    filters = [f"--filter=label={name}={value}" for name, value in labels.items()]
    return docker(*command, *filters, "--format", show).split()


def _own(kind: str, deployment: str, named: set[str]) -> list[str]:
    labelled = _listed(kind, "ls", labels={COMPOSE_PROJECT: deployment}, show="{{.Name}}")
    existing = docker(kind, "ls", "--format", "{{.Name}}").split()
    return sorted({*labelled, *named.intersection(existing)})


def _remove(command: tuple[str, ...], names: list[str]) -> None:
    if names:
        docker(*command, *names)

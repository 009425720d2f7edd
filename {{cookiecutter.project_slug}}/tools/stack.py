"""Start the stack and watch it become healthy."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

from tools import project, terminal
from tools.containers import Service, remove, services
from tools.engine import PROJECT_LABEL, SERVICE_LABEL, compose, docker, inspect, lines, start_compose
from tools.errors import ToolError

HASH_LABEL = "com.docker.compose.config-hash"


def expected() -> dict[str, str]:
    """The services that `up` starts, with the hash of what compose.yaml and .env say of each."""
    pairs = (line.split() for line in compose("config", "--hash", "*").splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def is_up() -> bool:
    """Whether every service runs in health, with today's settings and image."""
    form = f'{{{{.Label "{SERVICE_LABEL}"}}}}\t{{{{.Label "{HASH_LABEL}"}}}}\t{{{{.Image}}}}'
    running = lines("ps", "-a", "--filter", f"label={PROJECT_LABEL}={project.deployment()}", "--format", form)
    found = {service: (configuration, image) for service, configuration, image in map(str.split, running)}
    if any(found.get(service, ("", ""))[0] != wanted for service, wanted in expected().items()):
        return False
    # Docker shows an image by its id as soon as the tag means another one.
    same_image = all("/" in image or ":" in image for _, image in found.values())
    return same_image and all(service.good for service in services())


def start(timeout: int) -> None:
    """Start everything, wait for health, show progress.

    :param timeout: seconds until a service that is not healthy is given up
    :raises ToolError: with state and last lines of each service that is at fault
    """
    log = project.log_file("up")
    clear_interrupted()
    before = services()
    process = start_compose("up", "--detach", "--wait", "--wait-timeout", str(timeout), log=log)
    try:
        watch(process, log, before)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if process.returncode != 0:
        raise ToolError(explanation(log), "look at it: make doctor; try again: make up; stop it: make down")


def clear_interrupted() -> None:
    """Remove what an interrupted `up` left half made; Compose would end with a conflict of names.

    While it replaces a container, the new one is called <id>_<name> and was never started.
    """
    label = f"label={PROJECT_LABEL}={project.deployment()}"
    for line in lines("ps", "-a", "--filter", label, "--format", "{{.ID}}\t{{.Names}}"):
        identifier, name = line.split("\t")
        if re.match(r"[0-9a-f]{12}_", name):
            remove([identifier])


def watch(process: subprocess.Popen[bytes], log: Path, before: list[Service]) -> None:
    """A line for each service that becomes healthy or fails; every ten seconds what is still waited for."""
    start_time = said = time.monotonic()
    # What was healthy before is no news, unless Compose makes its container anew.
    shown = {(service.container, service.health) for service in before}
    while process.poll() is None:
        time.sleep(0.5)
        current = services()
        for service in current:
            news = (service.container, service.health)
            if news not in shown and service.health in ("healthy", "unhealthy", "done", "failed"):
                shown.add(news)
                said = time.monotonic()
                terminal.say(f"  {service.name}: {service.health}, {terminal.seconds(start_time)}")
        if time.monotonic() - said > terminal.HEARTBEAT_SECONDS:
            said = time.monotonic()
            terminal.say(f"  {terminal.seconds(start_time)}: {pending(current, log)}")


def pending(current: list[Service], log: Path) -> str:
    waiting = [service.name for service in current if service.health in ("starting", "created")]
    if waiting:
        return f"waiting for {', '.join(waiting)}"
    # Nothing was created yet, so images are being pulled.
    words = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return words[-1].strip() if words else "waiting for Docker"


def explanation(log: Path) -> str:
    at_fault = [service for service in services() if service.health in ("unhealthy", "failed", "restarting")]
    at_fault = at_fault or [service for service in services() if service.health == "starting"]
    said = terminal.last_lines(log, 5)
    return "\n\n".join([f"the stack did not become healthy:\n{said}", *map(state_of, at_fault)])


def state_of(service: Service) -> str:
    """State, last answer of the health check and last lines of one service."""
    health = ((inspect("container", service.container) or {}).get("State") or {}).get("Health") or {}
    answers = [answer["Output"].strip() for answer in health.get("Log", []) if answer["Output"].strip()]
    check = [f"    its health check said: {answers[-1][-300:]}"] if answers else []
    output = subprocess.run(
        ["docker", "logs", "--tail", "15", service.container],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ).stdout
    tail = [f"    {line[:300]}" for line in output.splitlines()]
    return "\n".join([f"  {service.name}: {service.status}", *check, *tail])


def stop_worker(seconds: int) -> None:
    """Let the worker take no more tasks, and the running ones finish for so long."""
    log = project.log_file("down")
    process = start_compose("stop", "--timeout", str(seconds), "worker", log=log)
    terminal.wait_for(process, f"waiting for running tasks, at most {seconds} s")


def volumes_left() -> list[str]:
    names = lines(
        "volume", "ls", "--filter", f"label={PROJECT_LABEL}={project.deployment()}", "--format", "{{.Name}}"
    )
    return sorted(names)


def networks_left() -> list[str]:
    names = lines(
        "network", "ls", "--filter", f"label={PROJECT_LABEL}={project.deployment()}", "--format", "{{.Name}}"
    )
    return sorted(names)


def remove_all(kind: str, names: list[str]) -> None:
    for name in names:
        docker(kind, "rm", name, check=False)

"""make prune"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tools import checks, containers, project, retention, terminal
from tools.engine import docker, inspect
from tools.errors import ToolError
from tools.images import AIRFLOW

IN_VOLUMES = {"task logs": "logs", "artifacts": "artifacts"}
LOCAL = {"local runs": "runs", "local artifacts": "artifacts", "logs of these tools": "logs"}


def prune(days: str = "") -> int:
    """Remove task logs, artifacts and kept containers older than RETENTION_DAYS (30).

    The same for what make demo and make run keep in .launcher/. Data that tasks stored for each other is not
    touched.
    """
    kept = age(days)
    removed = list(local(kept))
    if checks.docker_command().level == checks.GOOD and checks.engine_answers().level == checks.GOOD:
        removed += [*in_volumes(kept), kept_containers(kept)]
    else:
        terminal.warn("Docker does not answer: only local runs are pruned")
    for line in removed:
        terminal.say(f"  {line}")
    terminal.good(f"what is older than {kept:g} days is gone")
    return 0


def age(days: str) -> float:
    try:
        return float(days or project.number("RETENTION_DAYS", 30))
    except ValueError:
        raise ToolError(f"days={days} is no number", "make prune days=30") from None


def local(days: float) -> Iterator[str]:
    oldest = time.time() - days * retention.DAY
    for what, name in LOCAL.items():
        folder = project.HOME / name
        if folder.is_dir():
            yield sentence(what, *retention.prune(folder, oldest))


def in_volumes(days: float) -> Iterator[str]:
    """Prune the volumes that are there, in a container: their files are not reachable from here."""
    there = {what: project.volume(name) for what, name in IN_VOLUMES.items()}
    there = {what: name for what, name in there.items() if inspect("volume", name)}
    image = project.image(AIRFLOW)
    if not there or inspect("image", image) is None:
        return
    mounts = [word for name in there.values() for word in ("--volume", f"{name}:/prune/{name}")]
    # The files are Airflow's and the task user's, so only root may remove both.
    command = ["run", "--rm", "--interactive", "--network=none", "--user=0:0", "--entrypoint=python", *mounts]
    folders = [f"/prune/{name}" for name in there.values()]
    script = Path(retention.__file__).read_text(encoding="utf-8")
    output = docker(*command, image, "-", str(days), *folders, standard_input=script)
    for what, line in zip(there, output.splitlines(), strict=True):
        _, count, size = line.split("\t")
        yield sentence(what, int(count), int(size))


def kept_containers(days: float) -> str:
    oldest = time.time() - days * retention.DAY
    stopped = [task.container for task in containers.task_containers() if not task.running]
    old = [name for name in stopped if ended(name) < oldest]
    containers.remove(old)
    return f"kept containers: {len(old)} removed, {len(stopped) - len(old)} younger"


def ended(container: str) -> float:
    """When a container ended, in unix seconds; one that never started counts from its creation."""
    found = inspect("container", container) or {}
    text = found.get("State", {}).get("FinishedAt", "")
    if text.startswith("0001") or not text:
        text = found.get("Created", "")
    return datetime.fromisoformat(text[:19] + "+00:00").timestamp() if text else time.time()


def sentence(what: str, count: int, size: int) -> str:
    return f"{what}: {count} files removed, {size / 1e6:.1f} MB"

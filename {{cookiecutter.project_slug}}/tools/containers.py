"""The containers of this deployment: its services and its tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tools import project
from tools.engine import PROJECT_LABEL, SERVICE_LABEL, TASK_LABEL, docker, lines


@dataclass(frozen=True)
class Service:
    """One service of the stack. `status` is Docker's, such as `Up 3 minutes (healthy)`."""

    name: str
    container: str
    state: str
    status: str

    @property
    def health(self) -> str:
        """healthy, starting, unhealthy, done, or the container's state where it has no health check."""
        for word in ("unhealthy", "healthy", "starting"):
            if word in self.status:
                return word
        if self.state == "exited":
            return "done" if self.status.startswith("Exited (0)") else "failed"
        return self.state

    @property
    def good(self) -> bool:
        return self.health in ("healthy", "done", "running")


@dataclass(frozen=True)
class TaskContainer:
    """One task's container, running or kept."""

    container: str
    name: str
    state: str
    status: str

    @property
    def running(self) -> bool:
        return self.state in ("running", "paused", "restarting")


def services() -> list[Service]:
    form = f'{{{{.Label "{SERVICE_LABEL}"}}}}\t{{{{.ID}}}}\t{{{{.State}}}}\t{{{{.Status}}}}'
    found = lines("ps", "-a", "--filter", f"label={PROJECT_LABEL}={project.deployment()}", "--format", form)
    return sorted((Service(*line.split("\t")) for line in found), key=lambda service: service.name)


def task_containers() -> list[TaskContainer]:
    form = "{{.ID}}\t{{.Names}}\t{{.State}}\t{{.Status}}"
    found = lines("ps", "-a", "--filter", f"label={TASK_LABEL}={project.deployment()}", "--format", form)
    return [TaskContainer(*line.split("\t")) for line in found]


@dataclass(frozen=True)
class Details:
    """What the engine knows of one task's container. Times are unix seconds."""

    container: str
    labels: Mapping[str, str]
    state: str
    exit_code: int
    created: float
    ended: float | None

    @property
    def running(self) -> bool:
        return self.state in ("running", "paused", "restarting")

    def label(self, name: str) -> str:
        """A label of the launcher, such as `dag-id`."""
        return self.labels.get(f"launcher.{name}", "")


def details() -> list[Details]:
    """The task containers of this deployment, the oldest first."""
    identifiers = [task.container for task in task_containers()]
    # One that goes meanwhile is missing from the answer, and the command fails.
    found = json.loads(docker("inspect", *identifiers, check=False) or "[]") if identifiers else []
    return sorted((_details(one) for one in found), key=lambda one: one.created)


def _details(one: dict[str, Any]) -> Details:
    state = one["State"]
    return Details(
        container=one["Id"][:12],
        labels=one["Config"]["Labels"],
        state=state["Status"],
        exit_code=state["ExitCode"],
        created=_seconds(one["Created"]),
        ended=None if state["FinishedAt"].startswith("0001") else _seconds(state["FinishedAt"]),
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text[:19] + "+00:00").timestamp()


def stop_tasks(tasks: list[TaskContainer], seconds: int = 5) -> None:
    """End running tasks, all at once, and remove them: what they did is in the log and the artifacts."""
    if tasks:
        identifiers = [task.container for task in tasks]
        docker("stop", "--time", str(seconds), *identifiers, check=False)
        remove(identifiers)


def remove(identifiers: list[str]) -> None:
    if identifiers:
        # With their anonymous volumes, which pile up otherwise.
        docker("rm", "--force", "--volumes", *identifiers, check=False)

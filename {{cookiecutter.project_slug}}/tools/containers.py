"""The containers of this deployment: its services and its tasks."""

from __future__ import annotations

from dataclasses import dataclass

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

"""make down"""

from __future__ import annotations

from tools import checks, containers, project, stack, terminal
from tools.engine import compose
from tools.errors import ToolError


def down(timeout: str = "") -> int:
    """Stop the stack and keep its data.

    The worker takes no more tasks and has `timeout` seconds for those that run; then their containers
    are stopped, then the rest. Containers of failed tasks that were kept stay until make prune or make reset.
    """
    checks.require(checks.docker_command, checks.engine_answers, checks.compose_version)
    if stop(seconds(timeout)):
        terminal.good("stopped; the data is kept (make reset removes it)")
    else:
        terminal.good("nothing of this deployment runs")
    return 0


def seconds(timeout: str) -> int:
    if timeout and not timeout.isdigit():
        raise ToolError(f"timeout={timeout} is no number of seconds", "make down timeout=60")
    return int(timeout) if timeout else project.number("WORKER_STOP_SECONDS", 60)


def stop(limit: int) -> bool:
    """Stop what runs of this deployment, in the order that loses least. Whether there was anything."""
    running = [service for service in containers.services() if service.state == "running"]
    tasks = [task for task in containers.task_containers() if task.running]
    if not running and not tasks and not containers.services():
        return False
    terminal.say(f"running: {len(running)} services" + (f": {names(running)}" if running else ""))
    for task in tasks:
        terminal.say(f"  task container {task.name}, {task.status}")
    if any(service.name == "worker" for service in running):
        stack.stop_worker(limit)
    tasks = [task for task in containers.task_containers() if task.running]
    containers.stop_tasks(tasks)
    if tasks:
        terminal.say(
            f"  task containers stopped: {len(tasks)}; Airflow tries those tasks again after make up"
        )
    compose("--profile", "*", "down", "--remove-orphans")
    return True


def names(services: list[containers.Service]) -> str:
    return ", ".join(service.name for service in services)

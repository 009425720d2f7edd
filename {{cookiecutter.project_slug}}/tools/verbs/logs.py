"""make logs"""

from __future__ import annotations

import subprocess

from tools import checks, terminal
from tools.api import Api, Run
from tools.engine import compose, compose_command, compose_environment
from tools.errors import ToolError
from tools.names import closest


def logs(service: str = "", task: str = "", dag: str = "~", run: str = "~") -> int:
    """Show the log of services (following it, Ctrl-C ends) or of a task's last try.

    make logs                           all services
    make logs service=worker            one, or several: service="worker scheduler"
    make logs task=report               the newest try of that task; dag=… and run=… choose another
    """
    if task:
        return task_log(task, dag, run)
    checks.require(checks.docker_command, checks.engine_answers, checks.compose_version)
    names = service.replace(",", " ").split()
    known = compose("--profile", "*", "config", "--services").split()
    for name in names:
        if name not in known:
            raise ToolError(
                f"there is no service '{name}'", closest(name, known) + " (of a task: make logs task=…)"
            )
    command = compose_command("logs", "--follow", "--tail", "100", *names)
    return subprocess.run(command, env=compose_environment()).returncode


def task_log(task: str, dag: str, run: str) -> int:
    api = Api().log_in()
    found = api.newest_try(task, dag, run)
    if found is None:
        raise ToolError(f"no task '{task}' has run yet", "look at the names in the UI, or run it: make smoke")
    number = max(found["try_number"], 1)
    head = f"{found['dag_id']}, {found['dag_run_id']}, {task}, map index {found['map_index']}, try {number}"
    terminal.say(f"{head}: {found['state']}")
    for line in Run(api, found["dag_id"], found["dag_run_id"]).log(task, found["map_index"], number):
        terminal.say(line)
    return 0

"""make logs"""

from __future__ import annotations

import subprocess
import sys

from tools import checks, terminal
from tools.api import Api, Run
from tools.containers import services
from tools.engine import compose, compose_command, compose_environment
from tools.errors import ToolError
from tools.names import closest

LAST_LINES = 50


def logs(service: str = "", task: str = "", dag: str = "~", run: str = "~") -> int:
    """Show states and last lines of the services, or the log of a task.

    make logs                           all services
    make logs service=worker            one, or several: service="worker scheduler"
    make logs task=report               the newest try of that task; dag=… and run=… choose another

    On a terminal the log of services goes on until Ctrl-C.
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
    for state in services():
        if not names or state.name in names:
            terminal.say(f"{state.name:<16}{state.status}")
    live = sys.stdout.isatty()
    command = compose_command("--ansi", "auto" if live else "never", "logs", "--tail", str(LAST_LINES))
    return subprocess.run(
        [*command, *(["--follow"] if live else []), *names], env=compose_environment()
    ).returncode


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

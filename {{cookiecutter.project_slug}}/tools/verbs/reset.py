"""make reset"""

from __future__ import annotations

import sys

from tools import checks, containers, project, stack, terminal
from tools.engine import compose
from tools.errors import ToolError
from tools.verbs.down import stop


def reset(yes: str = "") -> int:
    """Stop the stack and remove all of its data: database, logs, artifacts, what tasks stored.

    Asks first; yes=1 answers. Images and .env stay, and so does what make demo made in .launcher/.
    """
    checks.require(checks.docker_command, checks.engine_answers, checks.compose_version)
    doomed = plan()
    if not any(doomed.values()):
        terminal.good("nothing of this deployment is left")
        return 0
    for kind, names in doomed.items():
        terminal.say(f"  {kind}: {', '.join(names) or 'none'}")
    if yes.lower() not in ("1", "y", "yes", "true") and not agreed():
        terminal.say("nothing was removed")
        return 1
    stop(0)
    compose("--profile", "*", "down", "--volumes", "--remove-orphans")
    clear()
    return left_over()


def plan() -> dict[str, list[str]]:
    """What would be removed."""
    return {
        "containers": [service.name for service in containers.services()]
        + [task.name for task in containers.task_containers()],
        "volumes": stack.volumes_left(),
        "networks": stack.networks_left(),
    }


def agreed() -> bool:
    if not sys.stdin.isatty():
        raise ToolError(
            "make reset asks before it removes data, and nobody can answer here", "make reset yes=1"
        )
    name = project.deployment()
    return input(f"Remove all of this for ever? Type the deployment's name ({name}): ").strip() == name


def clear() -> None:
    """What Compose leaves: containers of tasks, which hold volumes and network, and what make run made."""
    containers.remove([task.container for task in containers.task_containers()])
    stack.remove_all("volume", stack.volumes_left())
    stack.remove_all("network", stack.networks_left())


def left_over() -> int:
    left = {kind: names for kind, names in plan().items() if names}
    if not left:
        terminal.good("all of it is removed; make up begins anew")
        return 0
    words = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in left.items())
    raise ToolError(
        f"not everything could be removed, something still uses it: {words}", "docker ps -a shows what"
    )

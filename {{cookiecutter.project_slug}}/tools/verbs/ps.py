"""make ps"""

from __future__ import annotations

import time

from tools import checks, containers, terminal
from tools.containers import Details
from tools.engine import lines
from tools.verbs.reap import map_index

HEAD = ("container", "dag", "task", "run", "try", "state", "age", "memory")


def ps() -> int:
    """List the task containers of this deployment: dag, task, run, try, state, age, memory."""
    checks.require(checks.docker_command, checks.engine_answers)
    found = containers.details()
    if not found:
        terminal.good("there are no task containers")
        return 0
    memory = memory_of([one.container for one in found if one.running])
    rows = [HEAD, *(row(one, memory.get(one.container, "")) for one in found)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEAD))]
    for line in rows:
        terminal.say("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    return 0


def row(one: Details, memory: str) -> tuple[str, ...]:
    index = f"[{map_index(one)}]" if map_index(one) >= 0 else ""
    state = f"exit {one.exit_code}" if one.state == "exited" else one.state
    identity = (one.label("dag-id"), one.label("task-id") + index, one.label("run-id"))
    return (one.container, *identity, one.label("try-number"), state, age(time.time() - one.created), memory)


def memory_of(identifiers: list[str]) -> dict[str, str]:
    """What each running container uses, and its limit, by its short id."""
    if not identifiers:
        return {}
    form = "{{.ID}}\t{{.MemUsage}}"
    return dict(line.split("\t") for line in lines("stats", "--no-stream", "--format", form, *identifiers))


def age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"

"""make reap"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tools import checks, containers, project, terminal
from tools.api import Api
from tools.containers import Details
from tools.engine import docker
from tools.errors import ToolError

if TYPE_CHECKING:
    from launcher.reaper import Verdict

STOP_SECONDS = 10


def reap(hours: str = "") -> int:
    """Remove task containers that nobody needs any more, and end those whose task is over.

    Airflow is asked for the task of each. What a try may still go on with is not touched; containers of
    failed tasks stay for 24 hours, so that you can look into them.
    """
    keep = kept_seconds(hours)
    checks.require(checks.docker_command, checks.engine_answers)
    found = containers.details()
    if not found:
        terminal.good("there are no task containers")
        return 0
    api = Api().log_in()
    removed = 0
    for one in found:
        verdict = judged(one, api, keep)
        terminal.say(f"  {verdict.action:<7}{called(one)}: {verdict.why}")
        if verdict.action != "keep" and one.running:
            docker("stop", "--time", str(STOP_SECONDS), one.container, check=False)
        if verdict.action == "remove":
            containers.remove([one.container])
            removed += 1
    terminal.good(f"{removed} of {len(found)} task containers removed")
    return 0


def kept_seconds(hours: str) -> float:
    try:
        return float(hours or 24) * 3600
    except ValueError:
        raise ToolError(f"hours={hours} is no number", "make reap hours=24") from None


def judged(one: Details, api: Api, keep_seconds: float) -> Verdict:
    project.use_library("launcher")
    from launcher.reaper import Leftover, judge

    state = api.state(one.label("dag-id"), one.label("run-id"), one.label("task-id"), map_index(one))
    since = one.created if one.running or one.ended is None else one.ended
    leftover = Leftover(labels=one.labels, running=one.running, since=since)
    return judge(leftover, state, now=time.time(), keep_seconds=keep_seconds)


def map_index(one: Details) -> int:
    text = one.label("map-index")
    return int(text) if text.isdigit() else -1


def called(one: Details) -> str:
    index = f"[{map_index(one)}]" if map_index(one) >= 0 else ""
    return (
        f"{one.container} {one.label('dag-id')}.{one.label('task-id')}{index}, try {one.label('try-number')}"
    )

"""What becomes of containers that nobody has removed: Airflow's word on their task instance decides.

Decides only, and needs nothing but Python; `make reap` asks Airflow and acts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from launcher.spec import LABEL

# In these Airflow may still start a try, which goes on with the container or removes it itself.
LIVE = (
    "none",
    "scheduled",
    "queued",
    "running",
    "restarting",
    "deferred",
    "up_for_retry",
    "up_for_reschedule",
    "awaiting_input",
)
# The `dag` of a task that somebody runs alone, without Airflow.
LOCAL = "local"
# A try that ends at this moment removes its container itself.
GRACE_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A container of a task.

    :param since: unix time at which it was created, or has ended if it has
    """

    labels: Mapping[str, str]
    running: bool
    since: float


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to do: keep it, stop it and leave it to the next try, or stop and remove it."""

    action: Literal["keep", "stop", "remove"]
    why: str


def judge(leftover: Leftover, state: str | None, *, now: float, keep_seconds: float) -> Verdict:
    """What becomes of a container.

    :param state: Airflow's of its task instance; "none" before its first, None where Airflow knows no such
    :param keep_seconds: how long one stays that ended and was not reported as a success
    """
    age = now - leftover.since
    if leftover.labels.get(LABEL + "dag-id") == LOCAL and leftover.running:
        return Verdict(action="keep", why="somebody runs it")
    if state in LIVE:
        if leftover.running and _is_past_deadline(leftover, now):
            return Verdict(action="stop", why="it is past its deadline")
        return Verdict(action="keep", why=f"its task is {state}")
    known = "Airflow does not know its task" if state is None else f"its task is {state}"
    if age < GRACE_SECONDS:
        return Verdict(action="keep", why=f"{known}, but it is younger than {GRACE_SECONDS:.0f} s")
    if leftover.running or state in ("success", "skipped") or age >= keep_seconds:
        return Verdict(action="remove", why=known)
    return Verdict(action="keep", why=f"{known}: it stays to be looked into")


def _is_past_deadline(leftover: Leftover, now: float) -> bool:
    try:
        return now > float(leftover.labels.get(LABEL + "deadline", "")) + GRACE_SECONDS
    except ValueError:
        return False

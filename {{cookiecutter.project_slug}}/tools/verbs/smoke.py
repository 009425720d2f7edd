"""make smoke"""

from __future__ import annotations

import time
from typing import Any

from tools import terminal
from tools.api import Api, Run
from tools.errors import ToolError
from tools.task_lines import FINAL, label, line, pretty, short

DAG = "seattle_weather"
TIMEOUT_SECONDS = 900
KNOWN_SECONDS = 120


def smoke(dag: str = DAG, timeout: str = str(TIMEOUT_SECONDS)) -> int:
    """Run the example pipeline on the stack, through Airflow's API.

    A line for each task whose state changes, then the results. dag=… runs another DAG, with its defaults.
    """
    if not timeout.isdigit():
        raise ToolError(f"timeout={timeout} is no number of seconds", f"make smoke timeout={TIMEOUT_SECONDS}")
    api = Api().log_in()
    wait_until_known(api, dag)
    api.unpause(dag)
    run = api.trigger(dag, {})
    terminal.say(f"{dag}: {run.run}")
    start = time.monotonic()
    state = follow(run, start + int(timeout))
    if state != "success":
        return explain(run, state)
    show_results(run)
    terminal.good(f"{dag} succeeded, in {terminal.seconds(start)}")
    return 0


def wait_until_known(api: Api, dag: str) -> None:
    """The dag-processor needs some seconds after a start, or after the file was written."""
    start = said = time.monotonic()
    while not api.dag_is_known(dag):
        broken = [error for error in api.import_errors() if dag in error["filename"]]
        if broken:
            trace = broken[0]["stack_trace"].strip()
            raise ToolError(
                f"{broken[0]['filename']} cannot be imported:\n{trace[-2000:]}", "correct the file"
            )
        if time.monotonic() - start > KNOWN_SECONDS:
            raise ToolError(
                f"Airflow found no DAG '{dag}' within {KNOWN_SECONDS} s",
                f"look for dag_id='{dag}' in dags/, and at: make logs service=dag-processor",
            )
        if time.monotonic() - said > terminal.HEARTBEAT_SECONDS:
            said = time.monotonic()
            terminal.say(f"  waiting for Airflow to read dags/: {terminal.seconds(start)}")
        time.sleep(1)


def follow(run: Run, end: float) -> str:
    """Print a line for each change until the run is finished. Its last state, or `timeout`."""
    shown: dict[tuple[str, int], str] = {}
    said = time.monotonic()
    while True:
        state = run.state()
        for instance in changed(run.instances(), shown):
            said = time.monotonic()
            name = label(instance["task_id"], instance["map_index"])
            terminal.say(line(name, instance["state"], instance["duration"]))
        if state in ("success", "failed"):
            return state
        if time.monotonic() > end:
            return "timeout"
        if time.monotonic() - said > terminal.HEARTBEAT_SECONDS:
            said = time.monotonic()
            terminal.say(f"  still running: {', '.join(unfinished(shown)) or 'nothing yet'}")
        time.sleep(0.5)


def changed(instances: list[dict[str, Any]], shown: dict[tuple[str, int], str]) -> list[dict[str, Any]]:
    """The instances that began or ended since the last look."""
    news = []
    for instance in sorted(instances, key=lambda instance: instance["start_date"] or "~"):
        key = (instance["task_id"], instance["map_index"])
        state = instance["state"] or ""
        if state in (*FINAL, "running", "up_for_retry") and shown.get(key) != state:
            shown[key] = state
            news.append(instance)
    return news


def unfinished(shown: dict[tuple[str, int], str]) -> list[str]:
    return [label(task, index) for (task, index), state in shown.items() if state not in FINAL]


def show_results(run: Run) -> None:
    terminal.say("results")
    instances = in_order(run.instances())
    for number, instance in enumerate(instances, start=1):
        value = run.result(instance["task_id"], instance["map_index"])
        if value is None:
            continue
        name = label(instance["task_id"], instance["map_index"])
        # The last one is what the pipeline was run for.
        last = number == len(instances)
        terminal.say(f"  {name}\n{pretty(value)}" if last else f"  {name:<24} {short(value)}")


def in_order(instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks as they began, the instances of a mapped one together."""
    begun: dict[str, str] = {}
    for instance in instances:
        task, start = instance["task_id"], instance["start_date"] or "~"
        begun[task] = min(start, begun.get(task, start))
    return sorted(instances, key=lambda instance: (begun[instance["task_id"]], instance["map_index"]))


def explain(run: Run, state: str) -> int:
    """The end of each failed task's log."""
    for instance in run.instances():
        if instance["state"] in ("failed", "running"):
            name = label(instance["task_id"], instance["map_index"])
            rows = run.log(instance["task_id"], instance["map_index"], instance["try_number"])
            terminal.say(f"\n{name}, try {instance['try_number']}, {instance['state']}:")
            terminal.say("\n".join(f"    {row}" for row in "\n".join(rows).splitlines()[-30:]))
    word = "did not finish in time" if state == "timeout" else "failed"
    terminal.error(f"the run {run.run} {word}\n  all of a task's log: make logs task=NAME")
    return 1

"""The Celery stack: start, memory, smoke, pauses between tasks, a no-op notebook against DockerOperator."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import nbformat

from benchmarks.figures import line, ratio, seconds
from benchmarks.project import Project, rendered
from tests.stack.airflow_api import AirflowApi

HERE = Path(__file__).parent
# What Airflow does when nobody sets anything.
AIRFLOW_DEFAULTS = """
services:
  worker: {environment: {AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL: "5"}}
  scheduler: {environment: {AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME: "1"}}
"""


def main() -> None:
    with rendered() as project:
        add_noop_task(project)
        project.run("make", "build")
        first, api = project.up()
        line("idle memory of the stack", f"{memory_of_stack(project):.0f} MiB")
        project.run("make", "smoke")  # each worker process imports Airflow at its first task
        smokes = [project.timed("make", "smoke") for _ in range(3)]
        ours, theirs, pauses = noop_against_docker_operator(api, "settings-of-the-template")
        starts = [first, *(restart(project) for _ in range(2))]
        seconds("`make up` to healthy, images present", starts)
        seconds("`make smoke`, worker warm", smokes)
        ratio("no-op notebook, start to XCom, against DockerOperator", ours, theirs)
        seconds("pause between a task's end and the next one's start", pauses, "1 s")
        (project.path / "compose.override.yaml").write_text(AIRFLOW_DEFAULTS)
        *_, defaults = noop_against_docker_operator(project.up()[1], "settings-of-airflow")
        seconds("the same with Airflow's default settings", defaults)
        line("ratio of the pauses", f"{median(pauses) / median(defaults):.2f}")


def add_noop_task(project: Project) -> None:
    """A task whose notebook does nothing; papermill is in its environment, where DockerOperator calls it."""
    project.run("make", "add-task", "name=noop")
    folder = project.path / "tasks/noop"
    parameters = nbformat.v4.new_code_cell("n = 1", metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[parameters], metadata=kernel), folder / "notebook.ipynb")
    (folder / "params.yaml").write_text("")
    (folder / "requirements.txt").write_text("papermill==2.7.0\n")
    shutil.copy(HERE / "project/dags/noop.py", project.path / "dags")
    dockerfile = project.path / "airflow/Dockerfile"
    install = "RUN uv pip install --no-cache apache-airflow-providers-docker==4.6.1\n"
    dockerfile.write_text(f"{dockerfile.read_text()}\n{install}")


def noop_against_docker_operator(api: AirflowApi, run: str) -> tuple[list[float], list[float], list[float]]:
    """Run both in one chain, in turn: seconds of our tasks, of theirs, and of the pauses between tasks."""
    api.wait_for_dag("noop")
    assert api.wait_for_run("noop", api.trigger("noop", run), seconds=600) == "success"
    chain = sorted(api.instances("noop", run), key=lambda instance: instance["start_date"])
    pauses = [
        (moment(later["start_date"]) - moment(earlier["end_date"])).total_seconds()
        for earlier, later in pairwise(chain)
    ]
    # The first of each imports more than those after it.
    return durations(chain, "ours")[1:], durations(chain, "theirs")[1:], pauses[2:]


def durations(instances: list[dict], kind: str) -> list[float]:
    return [instance["duration"] for instance in instances if instance["task_id"].startswith(kind)]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def restart(project: Project) -> float:
    project.run("make", "down")
    return project.up()[0]


def memory_of_stack(project: Project) -> float:
    """MiB that the stack's containers use, as `docker stats` counts it."""
    containers = project.run("docker", "compose", "ps", "--quiet").split()
    rows = project.run("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", *containers)
    return sum(mebibytes(row.split(" / ")[0]) for row in rows.splitlines())


def mebibytes(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)\s*([KMG]i?B|B)", text).groups()
    return float(number) * {"B": 2**-20, "KiB": 2**-10, "MiB": 1, "GiB": 2**10}[unit]

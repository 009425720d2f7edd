"""The generated stack on the real engine, lived as its users live it: from `make build` to `make reset`.

The tests of this file run in the order in which they stand, over one stack.
"""

from __future__ import annotations

import json
import stat
import time

import pytest

from tests import engine
from tests.stack.airflow_api import wait_until
from tests.stack.conftest import SLUG, nameless_volumes

EXAMPLE = "seattle_weather"
TASKS = ("extract_year", "prepare", "train_ridge", "train_forest", "report")
IMAGES = (*TASKS, "airflow", "task-base")
FAILS, SLEEPS = {"launcher.dag-id": "fails"}, {"launcher.dag-id": "sleeps"}


@pytest.fixture(scope="session")
def example(stack):
    """`make smoke`, its output and the run that it made."""
    with engine.record_events(SLUG) as events:
        smoke = stack.make("smoke", check=False)
        assert smoke.returncode == 0, smoke.stdout + smoke.stderr
    run = max(stack.api.call("GET", f"dags/{EXAMPLE}/dagRuns")["dag_runs"], key=lambda run: run["run_after"])
    return {"run": run["dag_run_id"], "printed": smoke.stdout, "events": events}


@pytest.mark.usefixtures("built")
def test_every_image_is_built_and_knows_its_folder():
    for name in IMAGES:
        labels = engine.inspect("image", f"{SLUG}/{name}:dev")["Config"]["Labels"]
        assert labels["launcher.project"] == SLUG


@pytest.mark.usefixtures("built")
def test_task_images_share_the_base_layers():
    base = engine.inspect("image", f"{SLUG}/task-base:dev")["RootFS"]["Layers"]
    for task in TASKS:
        assert engine.inspect("image", f"{SLUG}/{task}:dev")["RootFS"]["Layers"][: len(base)] == base


def test_a_second_build_builds_nothing(built):
    before = {name: engine.inspect("image", f"{SLUG}/{name}:dev")["Id"] for name in IMAGES}
    built.make("build")
    assert {name: engine.inspect("image", f"{SLUG}/{name}:dev")["Id"] for name in IMAGES} == before


def test_one_task_runs_alone_in_its_image(built):
    alone = built.make("run", "task=extract_year", "set=year=2013")
    assert '"days": 365' in alone.stdout


def test_secrets_are_readable_by_their_owner_alone_and_stay_the_same(stack):
    env = stack.project.path / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    before = env.read_text()
    again = stack.make("up").stdout
    assert env.read_text() == before
    assert stack.url in again


def test_only_the_user_interface_is_published_and_only_on_loopback(stack):
    published = [
        f"{binding['HostIp']}:{binding['HostPort']}"
        for container in engine.compose_containers(SLUG)
        for bindings in container["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    ]
    assert published == [f"127.0.0.1:{stack.port}"]


@pytest.mark.usefixtures("stack")
def test_workers_hold_no_key_to_the_database():
    services = {
        c["Config"]["Labels"]["com.docker.compose.service"]: c for c in engine.compose_containers(SLUG)
    }
    names = {variable.split("=", 1)[0] for variable in services["worker"]["Config"]["Env"]}
    forbidden = {"SQL_ALCHEMY_CONN", "FERNET_KEY", "JWT_SECRET"}
    assert not [name for name in names if any(part in name for part in forbidden)]


def test_smoke_prints_a_line_a_task_and_the_report(example):
    for task in TASKS:
        assert task in example["printed"]
    assert "mae" in example["printed"]


def test_every_task_of_the_example_left_its_result(stack, example):
    days = [stack.api.result(EXAMPLE, example["run"], "extract_year", index)["days"] for index in range(4)]
    assert days == [366, 365, 365, 365]
    report = stack.api.result(EXAMPLE, example["run"], "report")
    trained = {
        task: stack.api.result(EXAMPLE, example["run"], task) for task in ("train_ridge", "train_forest")
    }
    assert report["mae"] == min(result["mae"] for result in trained.values())
    assert report["mae"] < report["baseline_mae"]
    assert trained["train_ridge"]["sklearn"] != trained["train_forest"]["sklearn"]


def test_every_task_ran_in_its_own_image_and_its_container_is_gone(stack, example):
    ran = [event["Actor"]["Attributes"]["image"] for event in example["events"] if event["Action"] == "start"]
    expected = sorted([f"{SLUG}/extract_year:dev"] * 4 + [f"{SLUG}/{task}:dev" for task in TASKS[1:]])
    assert sorted(ran) == expected
    # Airflow has the state first, then the container goes.
    wait_until(lambda: not stack.containers(), seconds=20, what="the last task's container to be gone")


def test_the_log_of_a_finished_task_is_readable(stack, example):
    log = stack.api.log(EXAMPLE, example["run"], "report")
    assert "mae" in log
    assert "notebook.ipynb" in log


def test_logs_show_states_and_last_lines_and_the_newest_try_of_a_task(stack, example):
    shown = stack.make("logs").stdout
    assert "worker" in shown
    assert "healthy" in shown
    assert "result:" in stack.make("logs", "task=report", f"dag={EXAMPLE}", f"run={example['run']}").stdout


def test_what_the_interface_gives_reaches_every_task_and_two_runs_at_once_do_not_mix(stack):
    stack.api.wait_for_dag("echoes")
    runs = [stack.api.trigger("echoes", f"said+{word}:at.once~1", word=word) for word in ("left", "right")]
    assert [stack.api.wait_for_run("echoes", run) for run in runs] == ["success", "success"]
    for run, word in zip(runs, ("left", "right"), strict=True):
        assert stack.api.result("echoes", run, "first") == {"echoed": word}
        assert stack.api.result("echoes", run, "second") == {"echoed": f"{word} {word}"}


def test_two_runs_of_the_example_keep_their_data_apart(stack, example):
    runs = [stack.api.trigger(EXAMPLE, f"twice-{year}", test_year=year) for year in (2014, 2015)]
    assert [stack.api.wait_for_run(EXAMPLE, run, seconds=600) for run in runs] == ["success", "success"]
    first, second = (stack.api.result(EXAMPLE, run, "report") for run in runs)
    assert first["mae"] != second["mae"]
    assert second["mae"] == stack.api.result(EXAMPLE, example["run"], "report")["mae"]


def test_a_failing_notebook_fails_its_task_and_its_log_has_the_traceback(stack):
    run = stack.api.trigger("fails", "failing")
    assert stack.api.wait_for_run("fails", run) == "failed"
    log = stack.api.log("fails", run, "fails")
    assert "before the failure" in log
    assert "ZeroDivisionError: division by zero" in log
    assert "return n / 0" in log
    assert "never reached" not in log.split("Traceback")[0]


def test_a_failed_container_stays_to_be_looked_into_and_reap_knows_why(stack):
    (kept,) = stack.containers(**FAILS)
    assert kept["State"]["Status"] == "exited"
    row = next(line for line in stack.make("ps").stdout.splitlines() if "fails" in line)
    assert row.split()[:4] == [kept["Id"][:12], "fails", "fails", "failing"]
    assert f"keep   {kept['Id'][:12]} fails.fails" in (said := stack.make("reap").stdout)
    assert "its task is failed" in said


def test_a_running_task_shows_its_log_and_killing_it_stops_its_container(stack):
    run = stack.api.trigger("sleeps", "killed")
    wait_until(lambda: "slept 2" in sleeping_log(stack, run), seconds=90, what="the log of a running task")
    assert len(stack.containers(**SLEEPS)) == 1
    stack.api.set_state("sleeps", run, "sleeps", "failed")
    wait_until(
        lambda: not stack.containers(**SLEEPS), seconds=20, what="the killed task's container to be gone"
    )
    assert stack.api.wait_for_run("sleeps", run) == "failed"


def sleeping_log(stack, run: str) -> str:
    if stack.api.instance("sleeps", run, "sleeps")["state"] != "running":
        return ""
    return stack.api.log("sleeps", run, "sleeps")


def test_an_execution_timeout_stops_the_container_and_is_what_the_log_says(stack):
    run = stack.api.trigger("times_out", "too-long")
    assert stack.api.wait_for_run("times_out", run) == "failed"
    assert "AirflowTaskTimeout" in stack.api.log("times_out", run, "sleeps")
    timed_out = {"launcher.dag-id": "times_out"}
    wait_until(
        lambda: not stack.containers(**timed_out),
        seconds=20,
        what="the timed out task's container to be gone",
    )


def test_any_image_runs_as_a_task(stack):
    run = stack.api.trigger("foreign_image", "foreign")
    assert stack.api.wait_for_run("foreign_image", run) == "success"
    assert "redis-cli" in stack.api.log("foreign_image", run, "redis_cli")


def test_an_edited_notebook_is_not_run_from_its_old_image(stack):
    path = stack.project.path / "tasks/echo/notebook.ipynb"
    notebook = json.loads(path.read_text())
    original = path.read_text()
    notebook["cells"][-1]["source"] = "print('edited')"
    path.write_text(json.dumps(notebook))
    try:
        run = stack.api.trigger("echoes", "edited")
        assert stack.api.wait_for_run("echoes", run) == "failed"
        assert "make build task=echo" in stack.api.log("echoes", run, "first")
    finally:
        path.write_text(original)


def test_a_task_that_was_never_built_says_what_to_type(stack):
    stack.make("add-task", "name=unbuilt")
    dag = stack.project.path / "dags/unbuilt.py"
    dag.write_text(
        "from airflow.sdk import DAG\nfrom launcher.operators import NotebookOperator\n\n"
        'with DAG("unbuilt", schedule=None):\n    NotebookOperator(task="unbuilt", retries=0)\n'
    )
    stack.api.wait_for_dag("unbuilt")
    run = stack.api.trigger("unbuilt", "never-built")
    assert stack.api.wait_for_run("unbuilt", run) == "failed"
    assert "make build task=unbuilt" in stack.api.log("unbuilt", run, "unbuilt")


def test_the_pause_between_two_tasks_is_short(stack, example):
    """Printed, not asserted: time is a figure for `benchmarks/`."""
    by_task = {instance["task_id"]: instance for instance in stack.api.instances(EXAMPLE, example["run"])}
    prepare, ridge = by_task["prepare"], by_task["train_ridge"]
    print("prepare ended", prepare["end_date"], "train_ridge started", ridge["start_date"])
    assert prepare["end_date"] <= ridge["start_date"]


def test_prune_keeps_what_is_younger_than_the_retention(stack, example):
    stack.make("prune", "days=1")
    assert "mae" in stack.api.log(EXAMPLE, example["run"], "report")


def test_prune_removes_what_is_older_than_the_retention(stack, example):
    time.sleep(1)
    stack.make("prune", "days=0")
    assert '"best"' not in stack.api.log(EXAMPLE, example["run"], "report")
    assert stack.api.result(EXAMPLE, example["run"], "report")["best"]


def test_down_stops_running_tasks_and_keeps_the_data(stack):
    stack.api.wait_for_dag("sleeps")
    run = stack.api.trigger("sleeps", "at-down")
    wait_until(lambda: stack.containers(), seconds=60, what="the task's container")
    down = stack.make("down")
    assert "sleeps" in down.stdout, run
    assert engine.compose_containers(SLUG) == []
    assert stack.containers() == []
    assert f"{SLUG}-data" in engine.volumes(SLUG)
    stack.printed = stack.make("up").stdout
    runs = {run["dag_run_id"] for run in stack.api.call("GET", f"dags/{EXAMPLE}/dagRuns")["dag_runs"]}
    assert "twice-2015" in runs


def test_reset_leaves_nothing(stack):
    refused = stack.make("reset", check=False)
    assert refused.returncode != 0
    assert engine.volumes(SLUG)
    stack.make("reset", "yes=1")
    assert engine.compose_containers(SLUG) == []
    assert stack.containers() == []
    assert engine.volumes(SLUG) == []
    assert engine.networks(SLUG) == []
    assert nameless_volumes() <= stack.volumes_before

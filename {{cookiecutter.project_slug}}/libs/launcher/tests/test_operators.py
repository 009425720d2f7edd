"""The operators in real DAG runs: `dag.test()` on SQLite, tasks as processes."""

from __future__ import annotations

import datetime
import json
import os
import time

import pytest

pytest.importorskip("airflow")

PRELUDE = """
import json, os, pathlib, signal, sys, time
TASK_DIR = pathlib.Path(os.environ["TASK_DIR"])
PARAMS = json.loads((TASK_DIR / "in/params.json").read_text())
def leave(value, name="result"):
    (TASK_DIR / f"out/{name}.json").write_text(json.dumps(value))
"""
ECHO = PRELUDE + "leave(PARAMS)"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="session")
def _database():
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.utils.db import initdb

    initdb()
    DagBundlesManager().sync_bundles_to_db()


@pytest.fixture
def airflow(_database, project, monkeypatch):
    monkeypatch.setenv("LAUNCHER_PROJECT_DIR", str(project.path))
    monkeypatch.setenv("LAUNCHER_BACKEND", "process")
    monkeypatch.setenv("LAUNCHER_DEPLOYMENT", "launcher-test")
    return project


class Run:
    """A run of a DAG that was made in this file, and what came of its task instances."""

    def __init__(self, dag, **kwargs):
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

        bag = DagBag(os.devnull)
        bag.bag_dag(dag)
        sync_bag_to_db(bag, "dags-folder", None)
        dag_run = dag.test(**kwargs)
        self.state = str(dag_run.state)
        self.instances = {(ti.task_id, ti.map_index): ti for ti in dag_run.get_task_instances()}

    def state_of(self, task_id, map_index=-1):
        return str(self.instances[task_id, map_index].state)

    def result(self, task_id, map_index=-1):
        return self.instances[task_id, map_index].xcom_pull(task_ids=task_id, map_indexes=map_index)


def make_dag(name, **kwargs):
    from airflow.sdk import DAG

    return DAG(f"{name}_{time.time_ns()}", schedule=None, start_date=START, **kwargs)


def test_a_task_gets_parameters_conf_and_upstream_results_without_wiring(airflow):
    from airflow.sdk import Param
    from launcher.operators import NotebookOperator

    airflow.task("extract", PRELUDE + "leave({'rows': 3})")
    airflow.task("report", ECHO)
    with make_dag("wiring", params={"seed": Param(7, type="integer"), "year": Param(None)}) as dag:
        extract = NotebookOperator(task="extract", multiple_outputs=True)
        given = {"run": "{{ run_id }}", "all": extract.output, "rows": extract.output["rows"], "n": 4}
        report = NotebookOperator(task="report", parameters=given)
        extract >> report

    run = Run(dag, run_conf={"seed": 8, "extra": "yes"})

    assert run.state == "success"
    given = run.result("report")
    assert given["parameters"] == {
        "run": given["identity"]["run"],
        "all": {"rows": 3},
        "rows": 3,
        "n": 4,
    }
    assert given["offered"] == {"seed": 8, "year": None, "extra": "yes"}
    assert given["upstream"] == {"extract": {"rows": 3}}
    assert given["identity"]["dag"] == dag.dag_id
    assert given["identity"]["task"] == "report"
    assert given["deadline"] is None


def test_mapped_upstreams_are_lists_in_order_with_null_where_skipped(airflow):
    from airflow.sdk import TriggerRule
    from launcher.operators import NotebookOperator

    skip_odd = "n = PARAMS['parameters']['n']\nif n % 2: sys.exit(99)\nleave({'n': n})"
    airflow.task("extract", PRELUDE + skip_odd)
    airflow.task("report", ECHO)
    with make_dag("mapped") as dag:
        several = NotebookOperator.partial(task="extract", task_id="several").expand(
            parameters=[{"n": n} for n in (10, 11, 12, 13)]
        )
        whole = NotebookOperator.partial(task="extract", task_id="whole").expand(
            parameters=[{"n": n} for n in range(0, 24, 2)]
        )
        single = NotebookOperator.partial(task="extract", task_id="single").expand(parameters=[{"n": 2}])
        skipped = NotebookOperator(task="extract", task_id="skipped", parameters={"n": 1})
        report = NotebookOperator(task="report", trigger_rule=TriggerRule.ALL_DONE)
        [several, whole, single, skipped] >> report

    run = Run(dag)

    assert run.state_of("several", 1) == "skipped"
    assert run.result("report")["upstream"] == {
        "several": [{"n": 10}, None, {"n": 12}, None],
        "whole": [{"n": n} for n in range(0, 24, 2)],
        "single": [{"n": 2}],
        "skipped": None,
    }


def test_inside_a_mapped_task_group_each_instance_gets_its_own_index(airflow):
    from airflow.sdk import task_group
    from launcher.operators import NotebookOperator

    airflow.task("double", PRELUDE + "leave({'n': 2 * PARAMS['parameters']['n']})")
    airflow.task("echo", PRELUDE + "leave(PARAMS['upstream'])")
    with make_dag("group") as dag:

        @task_group
        def one(n):
            NotebookOperator(task="double", parameters={"n": n}) >> NotebookOperator(task="echo")

        one.expand(n=[1, 2, 3]) >> NotebookOperator(task="echo", task_id="after")

    run = Run(dag)

    assert [run.result("one.echo", index) for index in range(3)] == [
        {"one.double": {"n": 2}},
        {"one.double": {"n": 4}},
        {"one.double": {"n": 6}},
    ]
    assert run.result("after") == {"one.echo": [{"one.double": {"n": n}} for n in (2, 4, 6)]}


def test_expanding_over_an_upstream_that_gave_a_list(airflow):
    from airflow.sdk import task
    from launcher.operators import NotebookOperator

    airflow.task("echo", PRELUDE + "leave(PARAMS['parameters'])")
    with make_dag("expand") as dag:

        @task
        def years():
            return [{"year": 2012}, {"year": 2013}]

        NotebookOperator.partial(task="echo", task_id="echo").expand(parameters=years())

    run = Run(dag)
    assert [run.result("echo", index) for index in range(2)] == [{"year": 2012}, {"year": 2013}]


def test_a_skip_skips_what_follows_and_says_why(airflow, capfd):
    from launcher.operators import NotebookOperator

    airflow.task("extract", PRELUDE + "leave({'reason': 'no new data'}, 'outcome'); sys.exit(99)")
    airflow.task("report", ECHO)
    with make_dag("skip") as dag:
        NotebookOperator(task="extract") >> NotebookOperator(task="report")

    run = Run(dag)
    assert run.state_of("extract") == run.state_of("report") == "skipped"
    assert "no new data" in "".join(capfd.readouterr())


def test_a_failure_is_retried_and_the_second_try_may_succeed(airflow):
    from launcher.operators import NotebookOperator

    airflow.task("flaky", PRELUDE + "n = PARAMS['identity']['try_number']\nleave(n); sys.exit(n == 1)")
    with make_dag("retry") as dag:
        NotebookOperator(task="flaky", retries=2, retry_delay=datetime.timedelta(0))

    run = Run(dag)
    assert run.state == "success"
    assert run.result("flaky") == 2


def left(airflow):
    runs = airflow.path / ".launcher" / "runs"
    return [path.name for path in runs.iterdir()] if runs.exists() else []


def test_nothing_is_left_of_tasks_that_ended_well_or_skipped_themselves(airflow):
    from launcher.operators import NotebookOperator

    airflow.task("fine", PRELUDE + "leave(PARAMS['parameters'])")
    airflow.task("skips", PRELUDE + "sys.exit(99)")
    called = []
    with make_dag("released") as dag:
        NotebookOperator.partial(
            task="fine", task_id="fine", on_success_callback=lambda _: called.append(len(left(airflow)))
        ).expand(parameters=[{"n": 1}, {"n": 2}])
        NotebookOperator(task="skips", on_skipped_callback=lambda _: called.append(-1))

    assert Run(dag).state == "success"
    assert left(airflow) == []
    # The author's own callbacks are called too, and before the container has gone.
    assert sorted(called) == [-1, 1, 1]


def test_a_failed_task_s_container_stays_and_the_next_try_removes_it(airflow, caplog):
    from launcher.operators import NotebookOperator

    caplog.set_level("INFO")

    airflow.task("fails", PRELUDE + "print('look here'); sys.exit(1)")
    with make_dag("kept") as dag:
        NotebookOperator(task="fails", retries=1, retry_delay=datetime.timedelta(0))

    assert Run(dag).state_of("fails") == "failed"
    (kept,) = left(airflow)
    run_folder = airflow.path / ".launcher" / "runs" / kept
    assert (run_folder / "log").read_text() == "look here\n"
    assert json.loads((run_folder / "run.json").read_text())["labels"]["launcher.try-number"] == "2"
    assert "that of try 1 ended with exit code 1" in caplog.text


@pytest.mark.parametrize("lost", ["result", "report"])
def test_a_result_that_could_not_be_handed_over_is_harvested_by_the_next_try(airflow, monkeypatch, lost):
    from airflow.sdk.execution_time import task_runner
    from launcher import operators

    airflow.task("once", PRELUDE + "leave(PARAMS['identity']['try_number'])")
    if lost == "result":
        # What dies here dies after the task has ended and before Airflow knows of its result.
        push, calls = task_runner._push_xcom_if_needed, []

        def push_once(*args):
            calls.append(1)
            if len(calls) == 1:
                raise ConnectionError("api-server is away")
            return push(*args)

        monkeypatch.setattr(task_runner, "_push_xcom_if_needed", push_once)
    else:
        monkeypatch.setattr(operators, "_state_of", lambda _: "running")
    with make_dag("handover") as dag:
        operators.NotebookOperator(task="once", retries=1, retry_delay=datetime.timedelta(0))

    run = Run(dag)
    assert run.state == "success"
    assert run.result("once") == 1
    assert run.instances["once", -1].try_number == (2 if lost == "result" else 1)
    assert len(left(airflow)) == (0 if lost == "result" else 1)


@pytest.mark.parametrize("code", ["sys.exit(2)", "sys.exit(3)", "pass"])
def test_what_a_retry_cannot_help_fails_at_once(airflow, code):
    from launcher.operators import NotebookOperator

    airflow.task("broken", PRELUDE + code)
    with make_dag("refused") as dag:
        NotebookOperator(task="broken", retries=3, retry_delay=datetime.timedelta(0))

    run = Run(dag)
    assert run.state_of("broken") == "failed"
    assert run.instances["broken", -1].try_number == 1


def test_an_execution_timeout_stops_the_task_and_is_what_airflow_sees(airflow, capfd):
    from launcher.operators import NotebookOperator

    marker = airflow.path / "marker"
    code = f"""
def save(*_):
    pathlib.Path({str(marker)!r}).write_text(str(PARAMS["deadline"]))
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
while True: time.sleep(0.1)
"""
    airflow.task("slow", PRELUDE + code)
    with make_dag("timeout") as dag:
        NotebookOperator(task="slow", execution_timeout=datetime.timedelta(seconds=2))

    started = time.time()
    run = Run(dag)

    assert run.state_of("slow") == "failed"
    assert started + 2 < float(marker.read_text()) < time.time() + 10
    assert "AirflowTaskTimeout" in "".join(capfd.readouterr())
    assert not list((airflow.path / ".launcher" / "runs").iterdir())


def test_a_task_folder_that_does_not_exist_names_the_closest_one(airflow, capfd):
    from launcher.operators import NotebookOperator

    airflow.task("report", ECHO)
    with make_dag("typo") as dag:
        NotebookOperator(task="raport", retries=2)

    run = Run(dag)
    assert run.state_of("raport") == "failed"
    assert "did you mean 'report'" in "".join(capfd.readouterr())


@pytest.mark.usefixtures("airflow")
def test_a_foreign_image_is_refused_at_once_without_docker(capfd):
    from launcher.operators import ContainerOperator

    with make_dag("foreign") as dag:
        ContainerOperator(task_id="foreign", image="alpine:3.22", command=["true"], retries=2)

    run = Run(dag)
    assert run.state_of("foreign") == "failed"
    assert "LAUNCHER_BACKEND=docker" in "".join(capfd.readouterr())


@pytest.mark.usefixtures("airflow")
def test_a_setting_that_is_wrong_is_named(monkeypatch, capfd):
    from launcher.operators import NotebookOperator

    monkeypatch.setenv("LAUNCHER_BACKEND", "doker")
    with make_dag("setting") as dag:
        NotebookOperator(task="report")

    assert Run(dag).state_of("report") == "failed"
    assert "LAUNCHER_BACKEND='doker'" in "".join(capfd.readouterr())


def test_what_every_operator_of_airflow_takes(airflow):
    from launcher.operators import NotebookOperator

    airflow.task("report", ECHO)
    with make_dag("plain", default_args={"retries": 4}):
        report = NotebookOperator(
            task="report", pool="notebooks", pool_slots=2, max_active_tis_per_dag=3, queue="gpu"
        )
    assert (report.task_id, report.task, report.retries) == ("report", "report", 4)
    assert (report.pool, report.pool_slots, report.max_active_tis_per_dag) == ("notebooks", 2, 3)
    with pytest.raises(TypeError, match="'task'"):
        NotebookOperator(task_id="report")
    with pytest.raises(TypeError, match="parameter"):
        NotebookOperator(task="report", parameter={"a": 1})


@pytest.mark.usefixtures("airflow")
def test_a_dag_with_these_operators_can_be_serialized():
    from airflow.serialization.serialized_objects import DagSerialization
    from launcher.operators import ContainerOperator, NotebookOperator

    with make_dag("serialized") as dag:
        first = NotebookOperator(task="first")
        ContainerOperator(task_id="second", image="x", parameters={"rows": first.output["rows"]})
        NotebookOperator.partial(task="first", task_id="third").expand(parameters=[{"a": 1}])
    encoded = DagSerialization.to_dict(dag)
    assert set(DagSerialization.from_dict(encoded).task_dict) == {"first", "second", "third"}
    assert json.dumps(encoded)


@pytest.mark.engine
@pytest.mark.usefixtures("airflow")
def test_a_container_runs_and_its_result_is_the_xcom(engine, image, monkeypatch):
    from launcher.operators import ContainerOperator

    monkeypatch.setenv("LAUNCHER_BACKEND", "docker")
    monkeypatch.setenv("LAUNCHER_VOLUMES", "")
    with make_dag("container") as dag:
        made = ContainerOperator(
            task_id="made",
            image=image,
            command=["python3", "-c", PRELUDE + "leave({'n': PARAMS['parameters']['n']})"],
            parameters={"n": 5},
            result=True,
        )
        quiet = ContainerOperator(task_id="quiet", image=image, command=["true"])
        ends = ContainerOperator(task_id="ends", image=image, command=["python3", "-c", ECHO], result=True)
        [made, quiet] >> ends

    run = Run(dag)
    assert run.state == "success"
    assert run.result("ends")["upstream"] == {"made": {"n": 5}, "quiet": None}
    assert engine.containers.list(all=True, filters={"label": f"launcher.dag-id={dag.dag_id}"}) == []

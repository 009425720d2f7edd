"""The example pipeline from end to end, as processes. Delete it together with the example."""

from __future__ import annotations

import json

import pytest
from notebook_task.artifacts import attempt_path


@pytest.fixture(scope="module")
def runs(bag):
    """A run as it is, and one with another test year and seed."""
    dag = bag.dags["seattle_weather"]
    return dag.test(), dag.test(run_conf={"test_year": 2014, "seed": 8})


@pytest.fixture(scope="module")
def results(runs):
    return [results_of(run) for run in runs]


def results_of(run):
    """Result of each task instance: {(task, map index): result}."""
    return {
        (ti.task_id, ti.map_index): ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)
        for ti in run.get_task_instances()
    }


def test_all_tasks_succeed(runs):
    assert [run.state for run in runs] == ["success", "success"]
    assert {ti.state for run in runs for ti in run.get_task_instances()} == {"success"}


def test_one_instance_a_year(runs, results):
    years = [results[0]["extract_year", index]["year"] for index in range(4)]
    assert years == [2012, 2013, 2014, 2015]
    labels = {ti.map_index: ti.rendered_map_index for ti in runs[0].get_task_instances() if ti.map_index >= 0}
    assert labels == dict(enumerate(map(str, years)))


def test_all_days_arrive(results):
    prepared = results[0]["prepare", -1]
    assert (prepared["days"], prepared["missing_days"]) == (1461, 0)


def test_the_best_model_beats_tomorrow_is_like_today(results):
    report = results[0]["report", -1]
    assert report["best"] == "ridge regression"
    assert report["baseline_mae"] == pytest.approx(2.24, abs=0.01)
    assert report["mae"] == pytest.approx(2.08, abs=0.02)
    assert report["improvement_percent"] == pytest.approx(7.1, abs=1)


def test_each_model_has_its_own_scikit_learn(results):
    assert results[0]["train_ridge", -1]["sklearn"] == "1.7.2"
    assert results[0]["train_forest", -1]["sklearn"] == "1.8.0"


def test_dag_params_reach_the_tasks_that_declare_them(results):
    default, given = (
        {run["train_ridge", -1]["test_year"], run["train_forest", -1]["test_year"]} for run in results
    )
    assert (default, given) == ({2015}, {2014})


def test_each_attempt_keeps_its_executed_notebook(runs, artifacts):
    notebooks = [ti for ti in runs[0].get_task_instances() if ti.task_id != "prepare"]
    for ti in notebooks:
        folder = attempt_path(
            dag=ti.dag_id, run=ti.run_id, task=ti.task_id, map_index=ti.map_index, try_number=ti.try_number
        )
        cells = json.loads((artifacts / folder / "notebook.ipynb").read_text())["cells"]
        assert all(cell["execution_count"] for cell in cells if cell["cell_type"] == "code")


def test_two_runs_do_not_mix(results, data):
    files = [
        {
            value
            for result in run.values()
            for key, value in result.items()
            if key in {"path", "features", "predictions"}
        }
        for run in results
    ]
    assert len(files[0]) == len(files[1]) == 7
    assert not files[0] & files[1]
    assert all((data / file).stat().st_size for file in files[0] | files[1])

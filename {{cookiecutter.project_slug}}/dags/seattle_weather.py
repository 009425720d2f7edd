"""Predicts tomorrow's maximum temperature in Seattle, from four years of daily weather.

`extract_year` runs once a year of data, at the same time. `prepare` joins the years and checks them. Two
models learn from the same table, each with its own release of scikit-learn. `report` compares them with the
forecast *tomorrow will be like today* and picks the best.

Each task is a folder of `tasks/`: open the log of one to see what it printed and where its executed notebook
is, and XCom to see its result.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param
from launcher.operators import NotebookOperator

YEARS = [2012, 2013, 2014, 2015]

with DAG(
    "seattle_weather",
    doc_md=__doc__,
    # The data ends in 2015, so a run next week has nothing new to say: somebody starts it. A pipeline that
    # has says schedule="@weekly" or the like; see docs/schedule.md.
    schedule=None,
    tags=["example"],
    # The fields of the form that Airflow shows when you trigger the DAG. Every task is offered all of them
    # and takes those that its parameters cell names. An empty field is not given: the task's own value holds.
    params={
        "seed": Param(None, type=["null", "integer"], title="Seed", description="Of the random forest"),
        "test_year": Param(
            None,
            type=["null", "integer"],
            minimum=YEARS[1],
            maximum=YEARS[-1],
            title="Test year",
            description="The models learn from the years before it and are tested on it",
        ),
    },
    # These hold for every task below. A task may say otherwise: NotebookOperator(task="report", retries=0).
    default_args={
        "retries": 1,
        "retry_delay": timedelta(seconds=15),
        "execution_timeout": timedelta(minutes=10),
    },
) as dag:
    # One task instance a year, side by side; the label is what the grid shows in place of 0, 1, 2, 3.
    extract_year = NotebookOperator.partial(
        task_id="extract_year",
        task="extract_year",
        map_index_template="{{ task.parameters['year'] }}",
    ).expand(parameters=[{"year": year} for year in YEARS])

    prepare = NotebookOperator(task="prepare")
    train_ridge = NotebookOperator(task="train_ridge")
    # `parameters` is for what only this DAG wants to be so; the rest stands in the task's params.yaml.
    train_forest = NotebookOperator(task="train_forest", parameters={"trees": 200})
    report = NotebookOperator(task="report")

    # A task gets the results of the tasks directly before it. `report` reads the table that `prepare` wrote,
    # so it comes after that one too.
    extract_year >> prepare >> [train_ridge, train_forest] >> report
    prepare >> report

"""DAGs that the stack tests add to the generated project."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, Param
from launcher.operators import ContainerOperator, NotebookOperator

with DAG("fails", schedule=None):
    NotebookOperator(task="fails", retries=0)

with DAG("sleeps", schedule=None):
    NotebookOperator(task="sleeps", retries=0)

with DAG("times_out", schedule=None):
    NotebookOperator(task="sleeps", retries=0, execution_timeout=timedelta(seconds=8))

with DAG("echoes", schedule=None, params={"word": Param("nothing", type="string")}):
    first = NotebookOperator(task="echo", task_id="first")
    second = NotebookOperator(task="echo", task_id="second")
    first >> second

with DAG("foreign_image", schedule=None):
    ContainerOperator(task_id="redis_cli", image="redis:8.0.3", command=["redis-cli", "--version"], retries=0)

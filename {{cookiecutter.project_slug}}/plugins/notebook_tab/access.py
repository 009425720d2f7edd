"""Who may look, and at what: Airflow's own login and roles, and ids that can be a path."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, HTTPException, Path, Query
from notebook_task.artifacts import attempt_path
from pydantic import BeforeValidator

# Control characters, slashes and "~", which Airflow reads as "every DAG", are in no id of Airflow's.
Id = Annotated[str, Path(min_length=1, max_length=250, pattern=r"^[^\x00-\x1f\x7f/\\~][^\x00-\x1f\x7f/\\]*$")]
# The UI leaves its placeholder in the address of a task that is not mapped.
MapIndex = Annotated[
    int,
    BeforeValidator(lambda value: -1 if value == "{MAP_INDEX}" else value),
    Path(ge=-1, le=1_000_000),
]
OneTry = Annotated[int, Query(alias="try", ge=1, le=100_000)]
TryNumber = Annotated[int | None, Query(alias="try", ge=1, le=100_000)]

# An executed notebook tells what the task's log tells, so it is for those who may read both of these.
REQUIRED = [
    Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.TASK_INSTANCE)),
    Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.TASK_LOGS)),
]


def folder_of(*, dag: str, run: str, task: str, map_index: int, try_number: int) -> str:
    """The attempt's folder below `ARTIFACTS_URL`, as the task itself makes it.

    :raises HTTPException: 404, an id is none that a task could have
    """
    try:
        return attempt_path(dag=dag, run=run, task=task, map_index=map_index, try_number=try_number)
    except ValueError as error:
        raise HTTPException(404, str(error)) from None

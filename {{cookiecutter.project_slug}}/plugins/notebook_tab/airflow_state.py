"""What Airflow knows of the tries of a task: a notebook cannot say that its container was killed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.utils.session import create_session
from sqlalchemy import select

# In every other state something may still come.
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try of one task instance; an older one always has an end."""

    task: str
    map_index: int
    number: int
    state: str
    started: datetime | None
    ended: datetime | None

    @property
    def runs(self) -> bool:
        """Whether its notebook may still change."""
        return self.state == "running"

    @property
    def over(self) -> bool:
        """Whether nothing more comes, of this try or another."""
        return self.state in ENDED


def tries_of_instance(*, dag: str, run: str, task: str, map_index: int) -> list[Try]:
    """All tries of a task instance, the current one last."""
    return _tries(dag, run, task_id=task, map_index=map_index)


def tries_of_run(dag: str, run: str) -> list[Try]:
    """All tries of all task instances of a DAG run, in the order they started."""
    return _tries(dag, run)


def _tries(dag: str, run: str, **where: Any) -> list[Try]:
    found: dict[tuple[str, int, int], Try] = {}
    with create_session(scoped=False) as session:
        # The newer table comes last: what it says of a try holds.
        for table in (TaskInstanceHistory, TaskInstance):
            query = select(
                table.task_id,
                table.map_index,
                table.try_number,
                table.state,
                table.start_date,
                table.end_date,
            ).filter_by(dag_id=dag, run_id=run, **where)
            for task, map_index, number, state, started, ended in session.execute(query):
                found[task, map_index, number] = Try(
                    task=task,
                    map_index=map_index,
                    number=number,
                    state=str(state or "waiting"),
                    started=started,
                    ended=ended,
                )
    return sorted(found.values(), key=_order)


def _order(each: Try) -> tuple[bool, float, str, int, int]:
    started = each.started.timestamp() if each.started else 0.0
    return (each.started is None, started, each.task, each.map_index, each.number)

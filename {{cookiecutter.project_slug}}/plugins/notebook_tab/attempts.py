"""What there is to see: the tries that Airflow knows and the notebooks that they left."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from nbformat import NotebookNode
from notebook_task.artifacts import attempt_path

from . import airflow_state
from .access import folder_of
from .airflow_state import Try
from .notebook import Cell, UnreadableError, cells_of, content_of, given_parameters, parse
from .store import NotThereError, Store, open_store

NOTEBOOK = "notebook.ipynb"
RECORD = "run.json"
TRY_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
# The result alone may have one megabyte.
RECORD_LIMIT = 20_000_000


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A task instance."""

    dag: str
    run: str
    task: str
    map_index: int

    def folder(self, try_number: int) -> str:
        """Where one of its tries keeps its files."""
        return folder_of(
            dag=self.dag, run=self.run, task=self.task, map_index=self.map_index, try_number=try_number
        )


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try of a task instance, as far as anything is known of it."""

    instance: Instance
    number: int
    state: str
    # Nothing more comes, of this try or of another after it.
    over: bool
    # It runs no more, so what its notebook calls running was killed.
    ended: bool
    version: str | None = None
    size: int = 0
    problem: str | None = None
    cells: list[Cell] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)

    @property
    def broken_cell(self) -> Cell | None:
        """The cell that the notebook ended at."""
        return next((cell for cell in self.cells if cell.broken), None)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A notebook in the list of a DAG run."""

    task: str
    map_index: int
    number: int
    state: str
    seconds: float | None


def artifacts() -> Store:
    """The store that this deployment's tasks write to."""
    url = os.environ.get("ARTIFACTS_URL")
    if not url:
        from launcher.settings import Settings

        url = Settings.from_environment().artifacts_url
    return open_store(url)


def tries(store: Store, instance: Instance) -> dict[int, Try | None]:
    """Every try that Airflow knows or that left a notebook."""
    known: dict[int, Try | None] = {
        each.number: each
        for each in airflow_state.tries_of_instance(
            dag=instance.dag, run=instance.run, task=instance.task, map_index=instance.map_index
        )
        if each.number > 0
    }
    stored = store.find(instance.folder(1).rpartition("/")[0], NOTEBOOK, 1)
    numbers = (path.partition("/")[0] for path in stored)
    return {int(number): None for number in numbers if TRY_NUMBER.fullmatch(number)} | known


def attempt(store: Store, instance: Instance, number: int, known: dict[int, Try | None]) -> Attempt:
    """Read what one try left."""
    current = known.get(number)
    newest = known[max(known)] if known else None
    ended = current is None or not current.runs
    found: dict[str, Any] = {"record": read_record(store, instance, number)}
    try:
        file = store.open(f"{instance.folder(number)}/{NOTEBOOK}")
        found |= {"version": file.version, "size": file.size}
        notebook = parse(content_of(file))
        found["cells"] = cells_of(notebook, ended=ended)
        found["record"] = found["record"] or _record_of(notebook)
    except NotThereError:
        pass
    except UnreadableError as error:
        found["problem"] = str(error)
    return Attempt(
        instance=instance,
        number=number,
        state=current.state if current else "unknown",
        over=newest is None or newest.over or number != max(known),
        ended=ended,
        **found,
    )


def read_record(store: Store, instance: Instance, number: int) -> dict[str, Any]:
    """run.json of a try; an empty one where there is none."""
    try:
        file = store.open(f"{instance.folder(number)}/{RECORD}")
        content = json.loads(content_of(file, RECORD_LIMIT))
    except (NotThereError, UnreadableError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and content.get("schema") == 1 else {}


def _record_of(notebook: NotebookNode) -> dict[str, Any]:
    given = given_parameters(notebook)
    return {"parameters": [{"name": name, "value": value, "source": ""} for name, value in given.items()]}


def rows(store: Store, dag: str, run: str) -> list[Row]:
    """The newest notebook of each task instance of a DAG run, in the order they started."""
    folder = attempt_folder_of_run(dag, run)
    known = {(each.task, each.map_index, each.number): each for each in airflow_state.tries_of_run(dag, run)}
    stored = set(filter(None, (_ids(dag, run, path) for path in store.find(folder, NOTEBOOK, 3))))
    newest = {key[:2]: key for key in sorted(stored)}
    order = {key: position for position, key in enumerate(known)}
    return [
        _row(key, known.get(key))
        for key in sorted(newest.values(), key=lambda key: (order.get(key, len(order)), key))
    ]


def attempt_folder_of_run(dag: str, run: str) -> str:
    """The folder of a DAG run, which is that of its attempts without their own three parts."""
    return folder_of(dag=dag, run=run, task="x", map_index=-1, try_number=1).rsplit("/", 3)[0]


def _ids(dag: str, run: str, path: str) -> tuple[str, int, int] | None:
    task, map_index, number = (unquote(part) for part in path.split("/")[:3])
    try:
        ids = task, int(map_index), int(number)
        expected = attempt_path(dag=dag, run=run, task=task, map_index=ids[1], try_number=ids[2])
    except ValueError:
        return None
    return ids if expected.endswith(f"/{path.rpartition('/')[0]}") else None


def _row(key: tuple[str, int, int], known: Try | None) -> Row:
    task, map_index, number = key
    seconds = None
    if known and known.started and known.ended:
        seconds = (known.ended - known.started).total_seconds()
    return Row(
        task=task,
        map_index=map_index,
        number=number,
        state=known.state if known else "unknown",
        seconds=seconds,
    )

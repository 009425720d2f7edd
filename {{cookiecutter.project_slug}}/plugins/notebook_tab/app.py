"""The routes. Each one asks for access to its DAG; there is none beside them, no documentation either."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, StreamingResponse

from . import attempts, pages
from .access import REQUIRED, Id, MapIndex, OneTry, TryNumber
from .attempts import NOTEBOOK, Instance
from .notebook import UnreadableError
from .rendering import RenderedCells
from .store import Found, NotThereError

ROWS = 500
PIECE = 256 * 1024

app = FastAPI(title="Notebooks", dependencies=REQUIRED, openapi_url=None, docs_url=None, redoc_url=None)
rendered = RenderedCells()


def _instance(dag_id: Id, run_id: Id, task_id: Id, map_index: MapIndex) -> Instance:
    return Instance(dag=dag_id, run=run_id, task=task_id, map_index=map_index)


InstanceOfPath = Annotated[Instance, Depends(_instance)]


@app.get("/{dag_id}/{run_id}/page")
def list_notebooks(dag_id: Id, run_id: Id) -> HTMLResponse:
    """All notebooks of a DAG run."""
    found = attempts.rows(attempts.artifacts(), dag_id, run_id)
    return pages.page("run.html.j2", dag=dag_id, run=run_id, rows=found[:ROWS], omitted=len(found) - ROWS)


@app.get("/{dag_id}/{run_id}/{task_id}/{map_index}/page")
def show_notebook(instance: InstanceOfPath, try_number: TryNumber = None) -> HTMLResponse:
    """One task instance's notebook, of its newest try unless another is asked for."""
    store = attempts.artifacts()
    known = attempts.tries(store, instance)
    number = try_number or max(known, default=1)
    attempt = attempts.attempt(store, instance, number, known)
    outcome = _mapping(attempt.record.get("outcome"))
    return pages.page(
        "instance.html.j2",
        status=200 if known else 404,
        instance=instance,
        attempt=attempt,
        tries=[(each, known[each].state if known[each] else "unknown") for each in sorted(known)],
        parameters=_parameters(attempt.record),
        outcome=outcome,
        longest=max((cell.seconds or 0 for cell in attempt.cells), default=0) or math.inf,
    )


@app.get("/{dag_id}/{run_id}/{task_id}/{map_index}/cells")
def show_cells(
    instance: InstanceOfPath, try_number: OneTry, theme: Literal["light", "dark"] = "light"
) -> HTMLResponse:
    """The notebook itself: untrusted, so it comes with a policy that leaves it nothing but its frame."""
    store = attempts.artifacts()
    known = attempts.tries(store, instance).get(try_number)
    path = f"{instance.folder(try_number)}/{NOTEBOOK}"
    file = _open(path)
    try:
        body = rendered.get(path, file)
    except UnreadableError as error:
        raise HTTPException(422, f"this notebook cannot be shown: {error}") from None
    return pages.cells(body, dark=theme == "dark", ended=known is None or not known.runs)


@app.get("/{dag_id}/{run_id}/{task_id}/{map_index}/notebook.ipynb")
def download(instance: InstanceOfPath, try_number: OneTry) -> StreamingResponse:
    """The file as it is."""
    file = _open(f"{instance.folder(try_number)}/{NOTEBOOK}")
    name = re.sub(r"[^\w.-]+", "_", f"{instance.task}.{try_number}.ipynb", flags=re.ASCII)
    headers = pages.HEADERS | {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(file.size),
        "Content-Security-Policy": pages.FILE_POLICY,
    }
    return StreamingResponse(_pieces(file), media_type="application/x-ipynb+json", headers=headers)


def _open(path: str) -> Found:
    try:
        return attempts.artifacts().open(path)
    except NotThereError:
        raise HTTPException(404, "this try has left no notebook") from None


def _pieces(file: Found) -> Iterator[bytes]:
    """As many bytes as were promised: a notebook is replaced as a whole and never grows."""
    with file.stream as stream:
        while piece := stream.read(PIECE):
            yield piece


def _parameters(record: dict[str, Any]) -> list[dict[str, Any]]:
    given = record.get("parameters")
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

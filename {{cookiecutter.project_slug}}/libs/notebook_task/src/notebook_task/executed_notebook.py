"""The executed notebook while it grows: papermill's metadata, states that are true, few and whole writes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import writes_json
from papermill.engines import NotebookExecutionManager

from .log import say
from .store import StoreError

NOT_RUN = "not-run"
COMPLETED = "completed"
SKIPPED = "skipped"
FAILED = "failed"
INTERRUPTED = "interrupted"
TIMED_OUT = "timed-out"
KERNEL_DIED = "kernel-died"

RETRY_SECONDS = 30.0


class ExecutedNotebook(NotebookExecutionManager):
    """Papermill's record of a run, saved when it changed and at most every `interval` seconds."""

    PENDING = NOT_RUN

    def __init__(self, notebook: NotebookNode, *, write: Callable[[bytes], None], interval: float) -> None:
        super().__init__(notebook, progress_bar=False, autosave_cell_every=0)
        self._write = write
        self._interval = interval
        self._changed = True
        # the first write is `save_now`, whose failure is the caller's to see
        self._next_save = math.inf

    def save(self, **_: Any) -> None:
        """Note that something changed, and write if the last write is long enough ago."""
        self._changed = True
        self.save_if_due()

    def save_if_due(self) -> None:
        """Write what changed since the last write, unless that was a moment ago; a failure is only logged."""
        if self._changed and time.monotonic() >= self._next_save:
            try:
                self.save_now()
            except StoreError as error:
                self._next_save = time.monotonic() + RETRY_SECONDS
                say(str(error))

    def save_now(self) -> None:
        """Write at once."""
        started = time.monotonic()
        self._write(self.content())
        self._changed = False
        finished = time.monotonic()
        # a notebook that takes long to write is written less often
        self._next_save = finished + max(self._interval, 10 * (finished - started))

    def content(self) -> bytes:
        """Return the notebook as it is stored."""
        return writes_json(self.nb).encode()

    def end_cell(self, cell: NotebookNode, state: str) -> None:
        """Record how a cell ended."""
        cell.metadata.papermill["status"] = state
        if state not in {COMPLETED, SKIPPED}:
            cell.metadata.papermill["exception"] = True
            self.nb.metadata.papermill["exception"] = True
        self._time(cell)
        self.save()

    def _time(self, cell: NotebookNode) -> None:
        ended = self.now()
        record = cell.metadata.papermill
        record["end_time"] = ended.isoformat()
        record["duration"] = (ended - datetime.fromisoformat(record["start_time"])).total_seconds()

    def notebook_complete(self, **_: Any) -> None:
        """Record the end; a cell that did not run stays so."""
        self.end_time = self.now()
        self.nb.metadata.papermill["end_time"] = self.end_time.isoformat()
        if self.start_time:
            self.nb.metadata.papermill["duration"] = (self.end_time - self.start_time).total_seconds()
        self.save_now()

"""A papermill engine that tells the truth about each cell and ends in order when it must."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import Engine, papermill_engines

from . import executed_notebook as states
from .cells import Progress
from .client import Client
from .errors import KernelError
from .executed_notebook import ExecutedNotebook
from .kernel import Kernel
from .log import say
from .stopping import SIGNALS

NAME = "notebook-task"
# nbclient's: such a cell is not run
SKIP_TAG = "skip-execution"
# from asking a cell to stop to killing its kernel; a signal must end the task within 5 s
GRACE_SECONDS = 3.0
HEARTBEAT_SECONDS = 60.0


@dataclass
class Ending:
    """How the run ended: a state of executed_notebook, and of which cell; the error if it raised one."""

    state: str = states.COMPLETED
    cell_index: int | None = None
    error: str = ""
    message: str = ""
    traceback: str = ""


class TaskEngine(Engine):
    """Runs a notebook in a kernel that is already starting."""

    @classmethod
    def execute_managed_notebook(
        cls,
        manager: ExecutedNotebook,
        _kernel_name: str,
        *,
        kernel: Kernel,
        deadline: float | None,
        **_: Any,
    ) -> Ending:
        """Run the cells and return how that ended; the notebook holds the states."""
        return asyncio.run(_Run(manager, kernel).run(deadline))


class _Run:
    def __init__(self, manager: ExecutedNotebook, kernel: Kernel) -> None:
        self._manager = manager
        self._kernel = kernel
        self._client: Client | None = None
        self._stopped_as = ""

    async def run(self, deadline: float | None) -> Ending:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._stop, states.INTERRUPTED)
        if deadline is not None:
            loop.call_later(max(0.0, deadline - time.time()), self._stop, states.TIMED_OUT)
        self._client = Client(self._manager, self._kernel)
        keeper = asyncio.ensure_future(self._keep_saved())
        try:
            await self._client.connect()
            return await self._run_cells(self._client)
        except KernelError:
            if self._stopped_as:
                return Ending(self._stopped_as)
            raise
        finally:
            keeper.cancel()
            self._client.set_widgets_metadata()
            self._client.shut_down()

    def _stop(self, state: str) -> None:
        if self._stopped_as:
            return
        self._stopped_as = state
        say("asked to stop" if state == states.INTERRUPTED else "out of time")
        self._kernel.interrupt()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._kernel.kill)

    async def _keep_saved(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._manager.save_if_due()

    async def _run_cells(self, client: Client) -> Ending:
        progress = Progress(self._manager.nb.cells)
        for index, cell in enumerate(self._manager.nb.cells):
            if self._stopped_as:
                return Ending(self._stopped_as)
            progress.announce(index)
            heartbeat = asyncio.ensure_future(progress.keep_saying(index, HEARTBEAT_SECONDS))
            self._manager.cell_start(cell, index)
            ending = await self._run_cell(client, cell, index)
            heartbeat.cancel()
            client.finish_cell(cell)
            self._manager.end_cell(cell, states.SKIPPED if SKIP_TAG in _tags(cell) else ending.state)
            if ending.cell_index is not None:
                return ending
        return Ending()

    async def _run_cell(self, client: Client, cell: NotebookNode, index: int) -> Ending:
        try:
            await client.async_execute_cell(cell, index)
        except CellExecutionError as error:
            return self._raised(error, index)
        except DeadKernelError:
            return Ending(self._stopped_as or states.KERNEL_DIED, index)
        return Ending()

    def _raised(self, error: CellExecutionError, index: int) -> Ending:
        if error.ename == "KeyboardInterrupt" and self._stopped_as:
            state = self._stopped_as
        else:
            state = states.COMPLETED if _ends_on_purpose(error) else states.FAILED
        return Ending(state, index, error.ename, error.evalue, error.traceback)


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _ends_on_purpose(error: CellExecutionError) -> bool:
    return error.ename == "TaskSkipped" or (error.ename == "SystemExit" and error.evalue in {"", "0", "None"})


papermill_engines.register(NAME, TaskEngine)

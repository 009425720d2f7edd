"""nbclient with a kernel that already runs, an end of the kernel noticed at once, and output shown live."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient

from .errors import KernelError
from .executed_notebook import ExecutedNotebook
from .kernel import Kernel
from .log import LineWriter

START_SECONDS = 60
# what a dying kernel had still sent must be read
LAST_OUTPUT_SECONDS = 0.2
# A busy cell's output may come long after its end. Nothing is dropped, and a dead kernel ends the wait.
OUTPUT_AFTER_REPLY_SECONDS = 24 * 3600


class Client(PapermillNotebookClient):
    """Runs cells one by one in a kernel that somebody else started."""

    def __init__(self, manager: ExecutedNotebook, kernel: Kernel) -> None:
        super().__init__(
            manager,
            iopub_timeout=OUTPUT_AFTER_REPLY_SECONDS,
            raise_on_iopub_timeout=False,
            # nbclient reads the streams of a cell that raised
            on_cell_executed=lambda cell, **_: _join_streams(cell),
        )
        self.kernel = kernel
        self.ended = asyncio.Event()
        self._lines = LineWriter()

    async def connect(self) -> None:
        """Wait until the kernel answers and its output reaches us.

        :raises KernelError: it ends or stays silent.
        """
        self._watch_process()
        self.kc = _connected(self.kernel.connection)
        ready = asyncio.ensure_future(self._ready())
        ended = asyncio.ensure_future(self.ended.wait())
        await asyncio.wait({ready, ended}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if ready.done():
            self.nb.metadata["language_info"] = ready.result()["content"]["language_info"]
            return
        ready.cancel()
        raise KernelError(_no_kernel(self.kernel))

    async def _ready(self) -> dict[str, Any]:
        """Return the kernel's answer once a message on iopub proves that no output will be missed."""
        assert self.kc is not None
        heard = asyncio.ensure_future(self.kc.iopub_channel.get_msg(timeout=None))
        while True:
            self.kc.kernel_info()
            reply = await self.kc.shell_channel.get_msg(timeout=None)
            # a kernel without `iopub_welcome` says nothing to a late subscriber until it is asked again
            await asyncio.wait({heard}, timeout=0.2)
            if heard.done():
                return reply

    def _watch_process(self) -> None:
        loop = asyncio.get_running_loop()

        def wait() -> None:
            self.kernel.process.wait()
            # at the regular end the loop is closed before the kernel ends
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self.ended.set)

        threading.Thread(target=wait, daemon=True, name="wait for the kernel").start()

    async def _async_check_alive(self) -> None:
        if self.kernel.process.poll() is not None:
            raise DeadKernelError("Kernel died")

    async def _async_poll_kernel_alive(self) -> None:
        await self.ended.wait()
        await asyncio.sleep(LAST_OUTPUT_SECONDS)
        assert self.task_poll_for_reply is not None
        self.task_poll_for_reply.cancel()

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Keep the output, and show it."""
        self._show(msg["msg_type"], msg["content"])
        try:
            return super().process_message(msg, cell, cell_index)
        finally:
            self.nb_man.save()

    def output(self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str, cell_index: int) -> Any:
        """Continue a stream's text as Jupyter does, instead of one output a message."""
        content = msg["content"]
        hooked = self.output_hook_stack[msg["parent_header"].get("msg_id")]
        if msg["msg_type"] != "stream" or hooked or self.clear_before_next_output or not outs:
            return super().output(outs, msg, display_id, cell_index)
        last = outs[-1]
        if last["output_type"] != "stream" or last["name"] != content["name"]:
            return super().output(outs, msg, display_id, cell_index)
        # a list until the cell ends: adding to a long text 100,000 times copies it as often
        if isinstance(last["text"], str):
            last["text"] = [last["text"]]
        last["text"].append(content["text"])
        return None

    def _show(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "stream":
            self._lines.write(content["text"])
        elif kind in {"display_data", "execute_result"} and (text := content["data"].get("text/plain")):
            self._lines.finish()
            self._lines.write(f"{text}\n")

    def finish_cell(self, cell: NotebookNode) -> None:
        """Show what the cell printed without a newline at its end, and join the pieces of its streams."""
        self._lines.finish()
        _join_streams(cell)

    def shut_down(self) -> None:
        """Ask the kernel to end, which runs the notebook's exit handlers."""
        if self.kc is not None:
            self.kc.shutdown()


def _join_streams(cell: NotebookNode) -> None:
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            output["text"] = "".join(output["text"])


def _connected(connection: dict[str, Any]) -> AsyncKernelClient:
    context = zmq.asyncio.Context()
    # the kernel's sockets appear while we wait: look every few milliseconds, not every 100
    context.setsockopt(zmq.RECONNECT_IVL, 5)
    # no limit on waiting messages: a full queue drops output
    context.setsockopt(zmq.RCVHWM, 0)
    client = AsyncKernelClient(context=context)
    client.load_connection_info(connection)
    client.start_channels(stdin=False, hb=False)
    return client


def _no_kernel(kernel: Kernel) -> str:
    code = kernel.process.poll()
    if code is None:
        return f"the kernel did not answer within {START_SECONDS} s"
    return (
        f"the kernel ended with exit code {code} before it was ready; its own words are above. "
        f"It runs as {kernel.process.args[0]}, which needs ipykernel: check the task's requirements.txt"
    )

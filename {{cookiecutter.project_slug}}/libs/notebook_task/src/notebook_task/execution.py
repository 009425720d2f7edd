"""From parameters and a starting kernel to an executed notebook and an outcome."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

from nbformat import NotebookNode
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from . import errors
from . import executed_notebook as states
from .attempt import Attempt
from .cells import Progress
from .engine import Ending, TaskEngine
from .errors import ResultError, TaskFailed, TaskSkipped
from .executed_notebook import ExecutedNotebook
from .json_files import write_bytes
from .kernel import Kernel
from .log import plain, say
from .notebook_file import kernel_name, language
from .outcome import Outcome
from .stopping import Stopped, ignore_signals, raise_on_signals
from .store import StoreError

FILE = "notebook.ipynb"
# exit handlers of a notebook, such as an experiment tracker's; after a stop there is no time for them
SHUTDOWN_SECONDS = 5.0
SHUTDOWN_SECONDS_AFTER_STOP = 0.5


def execute(source: Path, attempt: Attempt, kernel: Kernel) -> Outcome:
    """Run the notebook, keep what became of it on every path, and return the outcome.

    :raises KernelError: the kernel did not start.
    :raises StoreError: the executed notebook cannot be kept; nothing ran.
    """
    path = f"{attempt.artifacts}/{FILE}"
    manager = ExecutedNotebook(
        _parametrised(source, attempt, path),
        write=lambda content: attempt.store.write(path, content),
        interval=attempt.store.interval,
    )
    manager.notebook_start()
    manager.save_now()
    ending = Ending(states.KERNEL_DIED)
    try:
        ending = TaskEngine.execute_managed_notebook(
            manager, "", kernel=kernel, deadline=attempt.request.deadline
        )
    finally:
        ignore_signals()
        _mark_skipped(manager.nb, ending)
        problem = _keep(manager, attempt)
    _wait_for_end(kernel, ending)
    outcome = _chosen_end(ending, attempt) or _outcome(ending, manager.nb, kernel)
    _report(ending, manager.nb, outcome, reproduction=attempt.reproduction)
    if problem is None:
        say(f"executed notebook: {attempt.store.location(path)}")
        return replace(outcome, artifacts={"notebook": path})
    return outcome if outcome.exit_code else Outcome.from_error(problem)


def _parametrised(source: Path, attempt: Attempt, path: str) -> NotebookNode:
    notebook = load_notebook_node(str(source))
    content = dict(notebook)
    if attempt.resolution.values:
        notebook = parameterize_notebook(
            notebook,
            attempt.resolution.values,
            kernel_name=kernel_name(content),
            language=language(content),
        )
    notebook.metadata.papermill["input_path"] = source.name
    notebook.metadata.papermill["output_path"] = attempt.store.location(path)
    return notebook


def _mark_skipped(notebook: NotebookNode, ending: Ending) -> None:
    if ending.state != states.COMPLETED or ending.cell_index is None:
        return
    for cell in notebook.cells[ending.cell_index + 1 :]:
        cell.metadata.papermill["status"] = states.SKIPPED


def _keep(manager: ExecutedNotebook, attempt: Attempt) -> StoreError | None:
    """Save the notebook; where the store is gone, in the task's own folder."""
    try:
        manager.notebook_complete()
    except StoreError as error:
        spare = attempt.workspace.out / FILE
        write_bytes(spare, manager.content())
        say(f"{error}\nThe executed notebook is kept in {spare}")
        return error
    return None


def _wait_for_end(kernel: Kernel, ending: Ending) -> None:
    stopped = ending.state in {states.INTERRUPTED, states.TIMED_OUT}
    raise_on_signals()
    try:
        kernel.wait(SHUTDOWN_SECONDS_AFTER_STOP if stopped else SHUTDOWN_SECONDS)
    except Stopped:
        # every cell has its end: only the exit handlers are cut short
        kernel.kill()


def _chosen_end(ending: Ending, attempt: Attempt) -> Outcome | None:
    """Return the outcome of `task.skip` or `task.fail`, which leave a note before they raise."""
    note = attempt.workspace.spool / "end.json"
    if ending.error not in {TaskSkipped.__name__, TaskFailed.__name__} or not note.exists():
        return None
    return Outcome.from_end(json.loads(note.read_text(encoding="utf-8")))


def _outcome(ending: Ending, notebook: NotebookNode, kernel: Kernel) -> Outcome:
    if ending.state == states.INTERRUPTED:
        return Outcome(exit_code=errors.STOPPED, reason="asked to stop")
    if ending.state == states.TIMED_OUT:
        return Outcome(exit_code=errors.TIMED_OUT, reason="the task's time is over")
    where = "" if ending.cell_index is None else f"cell {Progress(notebook.cells).name(ending.cell_index)}"
    if ending.state == states.KERNEL_DIED:
        return _outcome_of_death(kernel, where)
    if ending.state == states.FAILED:
        code = errors.BAD_RESULT if ending.error == ResultError.__name__ else errors.CELL_RAISED
        retry = False if code == errors.BAD_RESULT else None
        return Outcome(exit_code=code, reason=f"{where}: {ending.error}: {ending.message}", retry=retry)
    return Outcome()


def _outcome_of_death(kernel: Kernel, where: str) -> Outcome:
    code = kernel.process.returncode
    if code == -signal.SIGKILL:
        reason = f"{where}: the kernel was killed, most often for want of memory"
        return Outcome(exit_code=errors.KILLED, reason=reason)
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return Outcome(exit_code=errors.CELL_RAISED, reason=f"{where}: the kernel died ({how})")


def _report(ending: Ending, notebook: NotebookNode, outcome: Outcome, *, reproduction: str) -> None:
    if ending.state == states.COMPLETED:
        if outcome.reason:
            say(f"skipped: {outcome.reason}")
        return
    # a stop was announced when it came
    reason = "" if ending.state in {states.INTERRUPTED, states.TIMED_OUT} else outcome.reason
    left = Progress(notebook.cells).not_run(ending.cell_index)
    lines = [plain(ending.traceback).strip(), reason, left, f"reproduce: {reproduction}"]
    say("\n".join(line for line in lines if line))

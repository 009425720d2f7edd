"""How a task ends other than well: one family, one exit code each."""

from __future__ import annotations

OK = 0
CELL_RAISED = 1
BAD_INPUT = 2
BAD_RESULT = 3
NO_KERNEL = 4
SKIPPED = 99
TIMED_OUT = 124
KILLED = 137
STOPPED = 143


class TaskError(Exception):
    """The task ends with `exit_code`; the message is for the person who reads the log."""

    exit_code = CELL_RAISED
    retry = True


class InputError(TaskError):
    """Bad parameters, params.yaml or notebook: a retry would meet them again."""

    exit_code = BAD_INPUT
    retry = False


class ResultError(TaskError):
    """The result is not JSON, or too big."""

    exit_code = BAD_RESULT
    retry = False


class KernelError(TaskError):
    """The kernel did not start."""

    exit_code = NO_KERNEL


class TaskEnd(BaseException):
    """Ends the task where it is raised; `except Exception` in a notebook does not swallow it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def _render_traceback_(self) -> list[str]:
        """One line in the notebook instead of a traceback (a hook of IPython's)."""
        return [f"{type(self).__name__}: {self.reason}"]


class TaskSkipped(TaskEnd):
    """`task.skip(reason)`: there is nothing to do."""


class TaskFailed(TaskEnd):
    """`task.fail(reason)`: the author decided so."""

    def __init__(self, reason: str, *, retry: bool = True) -> None:
        super().__init__(reason)
        self.retry = retry

"""Runs a task that is no notebook: `script.run(main)`; its parameters are the signature of `main`."""

from __future__ import annotations

import inspect
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .attempt import Attempt, run_as_process
from .errors import CELL_RAISED, STOPPED, InputError, ResultError, TaskFailed, TaskSkipped
from .json_values import to_json
from .log import say
from .outcome import Outcome, write_outcome
from .parameters import Declared
from .session import read_result, write_result
from .stopping import Stopped

# a signal must end the task within 5 s
GRACE_SECONDS = 3.0


def run(main: Callable[..., Any]) -> NoReturn:
    """Call `main` with the task's parameters, keep what it returns as the result, end the process."""
    folder = Path(inspect.getfile(main)).resolve().parent
    sys.exit(run_as_process(Script(main), folder))


class Script:
    """A function as a task."""

    def __init__(self, main: Callable[..., Any]) -> None:
        self._main = main

    def declared(self) -> Declared:
        """Return the parameters of the function's signature."""
        parameters = inspect.signature(self._main).parameters.values()
        for parameter in parameters:
            if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY}:
                raise InputError(
                    f"{self._main.__name__}(): {parameter} cannot be a parameter of a task; name each one"
                )
        return Declared(
            names=tuple(parameter.name for parameter in parameters),
            required=frozenset(item.name for item in parameters if item.default is item.empty),
            defaults={item.name: item.default for item in parameters if item.default is not item.empty},
        )

    def check(self) -> None:
        """Nothing beyond the parameters: importing the script has parsed it."""

    def execute(self, attempt: Attempt) -> Outcome:
        """Call the function in the scratch folder."""
        os.environ.update(attempt.workspace.environment())
        tempfile.tempdir = None
        os.chdir(attempt.workspace.work)
        _exit_soon_after_a_signal(attempt)
        try:
            returned = self._main(**attempt.resolution.values)
            _keep(returned, attempt.workspace.spool)
        except (TaskSkipped, TaskFailed) as end:
            kind = "skip" if isinstance(end, TaskSkipped) else "fail"
            say(f"{kind}: {end.reason}")
            return Outcome.from_end(
                {"kind": kind, "reason": end.reason, "retry": getattr(end, "retry", None)}
            )
        except (Stopped, ResultError):
            raise
        except SystemExit as end:
            return _outcome_of_exit(end)
        except BaseException as error:
            return _failed(error, attempt)
        return Outcome()


def _keep(returned: Any, spool: Path) -> None:
    if returned is None:
        return
    value = to_json(returned, "the returned value")
    earlier = read_result(spool)
    write_result(
        spool, {**earlier, **value} if isinstance(earlier, dict) and isinstance(value, dict) else value
    )


def _outcome_of_exit(end: SystemExit) -> Outcome:
    if not end.code:
        return Outcome()
    say(f"sys.exit({end.code!r})")
    return Outcome(exit_code=CELL_RAISED, reason=f"sys.exit({end.code!r})")


def _failed(error: BaseException, attempt: Attempt) -> Outcome:
    frames = error.__traceback__
    # the first frame is ours
    traceback.print_exception(error.with_traceback(frames.tb_next if frames else None), file=sys.stdout)
    say(f"reproduce: {attempt.reproduction}")
    reason = "".join(traceback.format_exception_only(error)).strip()
    return Outcome(exit_code=CELL_RAISED, reason=reason)


def _exit_soon_after_a_signal(attempt: Attempt) -> None:
    """End the process although the main thread is inside C code and cannot raise.

    Code that also keeps Python's global lock, such as `sum(range(10**11))`, is ended by SIGKILL only.
    """
    receiving, waking = socket.socketpair()
    waking.setblocking(False)
    signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
    # the thread holds both sockets: a closed one would lose the signal
    arguments = (receiving, waking, attempt.workspace.out)
    threading.Thread(target=_wait_for_signal, args=arguments, daemon=True, name="stop after a signal").start()


def _wait_for_signal(receiving: socket.socket, _waking: socket.socket, out: Path) -> None:
    # other signals, such as a child's end, wake it too
    while receiving.recv(1)[0] not in {signal.SIGTERM, signal.SIGINT}:
        pass
    time.sleep(GRACE_SECONDS)
    write_outcome(out, Outcome(exit_code=STOPPED, reason="asked to stop"))
    os._exit(STOPPED)

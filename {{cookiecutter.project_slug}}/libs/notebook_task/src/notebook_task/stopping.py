"""SIGTERM and Ctrl-C end the attempt in order, also where this process is PID 1."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """Somebody asked the task to stop."""


def raise_on_signals() -> None:
    """Let SIGTERM and SIGINT raise Stopped; without a handler PID 1 ignores them."""
    for number in SIGNALS:
        signal.signal(number, _raise)


def ignore_signals() -> None:
    """Ignore further signals: the attempt is being put away."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _raise(_number: int, _frame: FrameType | None) -> None:
    ignore_signals()
    raise Stopped

"""Lines for people: what happens, what went wrong. Colour only on a terminal, and never with NO_COLOR."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO

GREEN, RED, YELLOW, GREY = "32", "31", "33", "90"
# Nobody should look at a still screen for longer, terminal or not.
HEARTBEAT_SECONDS = 10.0


def coloured(text: str, colour: str, stream: TextIO | None = None) -> str:
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\033[{colour}m{text}\033[0m"


def say(text: str = "") -> None:
    # At once: with a pipe, as in CI, lines would otherwise come in blocks of minutes.
    print(text, flush=True)


def good(text: str) -> None:
    say(f"{coloured('ok', GREEN)}    {text}")


def warn(text: str) -> None:
    say(f"{coloured('warn', YELLOW)}  {text}")


def error(text: str) -> None:
    sys.stdout.flush()
    print(f"{coloured('error:', RED, sys.stderr)} {text}", file=sys.stderr, flush=True)


def seconds(since: float) -> str:
    """The time since a `time.monotonic()`, as people say it."""
    elapsed = time.monotonic() - since
    return f"{elapsed:.1f} s" if elapsed < 10 else f"{elapsed:.0f} s"


def last_lines(path: Path, count: int = 20) -> str:
    """The end of a log file, indented."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-count:])


def wait_for(process: subprocess.Popen[bytes], what: str) -> int:
    """Wait for a process; say every ten seconds that it still runs."""
    start = said = time.monotonic()
    while True:
        try:
            return process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            if time.monotonic() - said >= HEARTBEAT_SECONDS:
                said = time.monotonic()
                say(f"  {what}: {seconds(start)}")

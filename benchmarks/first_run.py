"""From the template's questions to a green example, without Docker."""

from __future__ import annotations

import time

from benchmarks.figures import seconds
from benchmarks.project import rendered


def main() -> None:
    """The package cache is warmed by a first run that is not counted."""
    times = [generate_and_run() for _ in range(3)]
    seconds("generate → green `make demo`, package cache warm", times[1:], "60 s")


def generate_and_run() -> float:
    start = time.monotonic()
    with rendered() as project:
        project.run("make", "demo")
        return time.monotonic() - start

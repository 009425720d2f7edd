"""Run commands side by side, with a line for each that begins and ends."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools import terminal


@dataclass(frozen=True)
class Job:
    """A command, what people call it, why it runs, and the file that its output goes to."""

    name: str
    command: Sequence[str]
    log: Path
    reason: str = ""
    environment: Mapping[str, str] | None = None


@dataclass
class Running:
    job: Job
    process: subprocess.Popen[bytes]
    start: float = field(default_factory=time.monotonic)


def run(jobs: Sequence[Job], *, at_once: int) -> list[Job]:
    """Run the jobs, so many at once; once one has failed no more begin. Returns those that failed."""
    waiting, running, failed = list(jobs), [], []
    said = time.monotonic()
    try:
        while waiting or running:
            while waiting and not failed and len(running) < at_once:
                running.append(begin(waiting.pop(0)))
                said = time.monotonic()
            if failed:
                waiting.clear()
            for done in [each for each in running if each.process.poll() is not None]:
                running.remove(done)
                if not end(done):
                    failed.append(done.job)
            if time.monotonic() - said > terminal.HEARTBEAT_SECONDS:
                said = time.monotonic()
                terminal.say(f"  … {', '.join(map(elapsed, running))}")
            time.sleep(0.1)
    finally:
        for each in running:
            each.process.terminate()
        for each in running:
            each.process.wait()
    return failed


def begin(job: Job) -> Running:
    terminal.say(f"  {job.name}: started" + (f" ({job.reason})" if job.reason else ""))
    with job.log.open("ab") as log:
        process = subprocess.Popen(
            job.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=job.environment
        )
    return Running(job, process)


def end(running: Running) -> bool:
    good = running.process.returncode == 0
    word = terminal.coloured("done", terminal.GREEN) if good else terminal.coloured("failed", terminal.RED)
    terminal.say(f"  {running.job.name}: {word}, {terminal.seconds(running.start)}")
    return good


def elapsed(running: Running) -> str:
    return f"{running.job.name} {terminal.seconds(running.start)}"

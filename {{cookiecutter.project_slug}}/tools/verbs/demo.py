"""make demo"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tools import environment, local, project, terminal
from tools.errors import ToolError
from tools.task_lines import label, pretty
from tools.verbs.smoke import DAG
from tools.watch import Watch


def demo() -> int:
    """Run the example pipeline here, without Docker.

    Shows a line for each task, the result of the report, and where the executed notebooks are.
    """
    environment.enter()
    begin = time.monotonic()
    log = project.log_file("demo")
    output = project.HOME / "airflow" / "demo.json"
    # Airflow takes as long to start as the environments to be made, so both at once.
    with started(log, output) as process:
        prepare()
        terminal.say(f"running {DAG} here, without Docker (all of its output: {project.shown(log)})")
        code = follow(process, log)
    done = json.loads(output.read_text()) if output.is_file() else {}
    if code != 0:
        raise failed(done, log)
    show(done)
    terminal.good(f"the pipeline ran, {terminal.seconds(begin)}")
    terminal.say("\n  next: make up          the same on Airflow, in Docker: schedule, UI, retries")
    terminal.say("        make add-task name=sales_report    a task of your own")
    return 0


def prepare() -> None:
    """Make the environments of all tasks, side by side, with a line for each."""
    from launcher.environments import Environments
    from launcher.outcome import LauncherError
    from launcher.settings import Settings

    settings = Settings.from_environment(local.environment(), project.ROOT)
    try:
        Environments(settings).prepare(lambda line: terminal.say(f"  {line}"))
    except LauncherError as error:
        raise ToolError(str(error), environment.cure(str(error))) from None


@contextmanager
def started(log: Path, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that makes Airflow ready; it ends with the block, whatever happens there."""
    home = project.HOME / "airflow"
    # A demonstration begins anew: a database of another version of Airflow would have to be migrated.
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.dag_run", DAG, str(output)],
            cwd=project.ROOT,
            env=local.environment(),
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def follow(process: subprocess.Popen[bytes], log: Path) -> int:
    """Let it run the DAG and show what happens. Returns its exit code."""
    assert process.stdin is not None
    # It may have ended by now, for want of the DAG.
    with suppress(BrokenPipeError), process.stdin as standard_input:
        standard_input.write(b"run\n")
    watch = Watch(project.HOME / "airflow" / "airflow.db", log)
    while process.poll() is None:
        watch.look()
        time.sleep(0.2)
    watch.look()
    for name, lines in watch.failed.items():
        terminal.say(f"\n{name} failed:\n{lines}\n")
    return process.returncode


def failed(done: dict[str, Any], log: Path) -> ToolError:
    if "missing" in done:
        errors = "\n".join(f"  {file}: {text}" for file, text in done["errors"].items())
        known = ", ".join(done["missing"]) or "none"
        return ToolError(f"there is no DAG '{DAG}' in dags/; there is: {known}\n{errors}".rstrip())
    if "state" in done:
        return ToolError(f"the run ended as {done['state']}", f"all of its output: {project.shown(log)}")
    return ToolError(
        f"it ended early:\n{terminal.last_lines(log)}", f"all of its output: {project.shown(log)}"
    )


def show(done: dict[str, Any]) -> None:
    """The last task's result, and the executed notebooks of the run."""
    instances = done["instances"]
    last = next(instance for instance in instances if instance["task"] == "report")
    terminal.say(f"\nresult of {label(last['task'], last['map_index'])}")
    terminal.say(pretty(last["result"]))
    terminal.say("\nexecuted notebooks")
    # Each id is quoted in the path: run ids contain : and +.
    folder = project.HOME / "artifacts" / quote(DAG, safe="") / quote(done["run"], safe="")
    for path in sorted(folder.rglob("*.ipynb")):
        terminal.say(f"  {project.shown(path)}")
    terminal.say()

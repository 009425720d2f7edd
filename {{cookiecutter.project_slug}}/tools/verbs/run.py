"""make run"""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import checks, environment, one_task, project, terminal
from tools.building import build
from tools.errors import ToolError
from tools.images import base_image, task_image
from tools.task_lines import pretty

if TYPE_CHECKING:
    from launcher.outcome import Outcome
    from launcher.settings import Settings
    from launcher.spec import TaskSpec

BACKENDS = ("docker", "process")


def run(task: str, set_: str = "", backend: str = "") -> int:
    """Run one task alone, with the values of its params.yaml and those given here.

    In its image where Docker answers (built first where it is missing or old), else as a process.
    What earlier tasks would hand over is given with set=, as YAML: set='year=2013 names="[a, b]"'.
    """
    image = task_image(task)
    backend = backend or ("docker" if docker_answers() else "process")
    if backend not in BACKENDS:
        raise ToolError(f"there is no backend '{backend}'", f"one of: {', '.join(BACKENDS)}")
    environment.enter()
    values = read_values(set_)
    if backend == "docker":
        checks.require(checks.docker_command, checks.engine_answers, checks.buildx)
        build([base_image(), image])
        one_task.make_places()
    settings = one_task.settings(backend)
    where = f"in the image {image.tag}" if backend == "docker" else "as a process of this machine"
    terminal.say(f"{task}, {where}")
    outcome = launch(task, settings, values)
    show(outcome, settings, task)
    return 0


def docker_answers() -> bool:
    found = list(checks.run((checks.docker_command, checks.engine_answers, checks.buildx)))
    return all(finding.level == checks.GOOD for finding in found)


def read_values(text: str) -> dict[str, Any]:
    """`year=2013 name='a b'`, split as a shell would, each value read as YAML."""
    import yaml

    values: dict[str, Any] = {}
    try:
        for word in shlex.split(text):
            name, equals, value = word.partition("=")
            if not equals or not name:
                raise ToolError(
                    f"set: '{word}' is no name=value", "such as: make run task=report set='year=2013'"
                )
            values[name] = yaml.safe_load(value)
    except (ValueError, yaml.YAMLError) as error:
        raise ToolError(
            f"set={text} cannot be read: {error}", "a value with spaces: set=\"name='a b'\""
        ) from None
    return values


def launch(task: str, settings: Settings, values: dict[str, Any]) -> Outcome:
    """Run the task to its end and show its log. Raises ToolError with its reason."""
    from launcher import backends, lifecycle
    from launcher.outcome import LauncherError
    from launcher.spec import Identity, TaskSpec
    from launcher.task_folder import find_task

    folder = find_task(task, settings.project_dir)
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}"
    spec = TaskSpec(
        identity=Identity(deployment=settings.deployment, dag="local", run=stamp, task=task),
        image=folder.image(settings),
        folder=str(folder.path),
        parameters=values,
    )
    try:
        limit = settings.result_limit
        return lifecycle.run(
            spec, backends.load(settings), show=lambda line: terminal.say(f"  {line}"), result_limit=limit
        )
    except LauncherError as error:
        raise ToolError(str(error), executed(settings, spec)) from None


def executed(settings: Settings, spec: TaskSpec) -> str:
    """Where the notebook of a failed task is: it shows how far it came. Empty where there is none."""
    reference = f"{spec.identity.dag}/{spec.identity.run}/{spec.identity.task}/-1/1/notebook.ipynb"
    try:
        path = artifact(reference, settings, spec.identity.task)
    except ToolError:
        return ""
    return f"how far it came: {project.shown(path)}" if path.is_file() else ""


def show(outcome: Outcome, settings: Settings, task: str) -> None:
    for name, reference in outcome.artifacts.items():
        path = project.shown(artifact(reference, settings, task))
        terminal.say(f"{name}: {path}")
    if outcome.skipped:
        terminal.good(f"{task} skipped itself: {outcome.reason}")
        return
    terminal.say("result")
    terminal.say(pretty(outcome.result))
    terminal.good(f"{task} ran")


def artifact(reference: str, settings: Settings, task: str) -> Path:
    """Where a person can open an artifact: a volume's are copied out, beside those of local runs."""
    if settings.backend == "process":
        return Path(settings.artifacts_url) / reference
    return one_task.copied_out(reference, task)

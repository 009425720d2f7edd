"""What the conformance suite needs of a backend, and ways to run an attempt on it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from launcher import backends
from launcher.lifecycle import PARAMS, Attempt, run
from launcher.owner import OWNER, Owner
from launcher.spec import TaskSpec

PRELUDE = """
import json, os, pathlib, signal, sys, time
TASK_DIR = pathlib.Path(os.environ["TASK_DIR"])
PARAMS = json.loads((TASK_DIR / "in/params.json").read_text())
def leave(value, name="result"):
    (TASK_DIR / f"out/{name}.json").write_text(json.dumps(value))
"""


class ProcessRig:
    def __init__(self, project):
        self.project = project
        self.settings = project.settings()
        self.backend = backends.load(self.settings)

    def spec(self, identity, code):
        folder = self.project.task("t", PRELUDE + code)
        return TaskSpec(
            identity=identity,
            image="test/t:dev",
            folder=str(folder),
            task_instance=f"try {identity.try_number}",
        )

    def leftovers(self, identity):
        return list((self.settings.home / "runs").glob(f"{identity.name}*"))


class DockerRig:
    def __init__(self, project, engine, image):
        self.engine, self.image = engine, image
        self.settings = project.settings(LAUNCHER_BACKEND="docker", LAUNCHER_VOLUMES="")
        self.backend = backends.load(self.settings)

    def spec(self, identity, code):
        command = ("python3", "-u", "-c", PRELUDE + code)
        return TaskSpec(
            identity=identity, image=self.image, command=command, task_instance=f"try {identity.try_number}"
        )

    def leftovers(self, identity):
        return self.engine.containers.list(all=True, filters={"label": f"launcher.run-id={identity.run}"})


def launch(rig, identity, code, show=print, **changes):
    spec = replace(rig.spec(identity, code), **changes)
    return run(spec, rig.backend, show=show, result_limit=rig.settings.result_limit)


def begin(rig, identity, code, show=print, **changes):
    """Start an attempt in a thread; the attempt, and what it ended with."""
    spec, ended = replace(rig.spec(identity, code), **changes), []
    attempt = Attempt(spec, backends.load(rig.settings), show=show, result_limit=1000)

    def end():
        try:
            ended.append(attempt.run())
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=end)
    thread.start()
    return attempt, thread, ended


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def leave_behind(rig, identity, code, *, start=True, **changes):
    """What a try that dies leaves: a container that is created and staged, and most often started."""
    spec, backend = replace(rig.spec(identity, code), **changes), backends.load(rig.settings)
    labels = spec.labels(backend.prepare(spec))
    handle = backend.create(spec, name=identity.name, labels=labels)
    backend.stage(handle, {PARAMS: spec.params_json(), OWNER: Owner.of(spec).content()})
    if start:
        backend.start(handle)
    return handle


def has_ended(rig, identity):
    return [one.state for one in rig.backend.find(identity)] == ["ended"]

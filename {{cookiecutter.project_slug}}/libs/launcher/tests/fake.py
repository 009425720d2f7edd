"""An engine that lives in a dict. It passes the same suite of the protocol as the real ones."""

# ruff: noqa: ARG002 - the signatures are the protocol's

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field

from launcher.backends.base import Found, Gone, NameTaken, Piece, Status

# What the tasks of the protocol's suite do, in words that each rig puts into something that runs.
SUCCEED, FAIL, WAIT = "succeed", "fail", "wait for the file go, then succeed"


@dataclass
class Container:
    name: str
    labels: dict
    program: str
    created: str
    ticks: int
    state: str = "created"
    exit_code: int | None = None
    files: dict = field(default_factory=dict)
    log: bytes = b""


class FakeEngine:
    """Containers, and a clock that goes on by one with each status that is asked for."""

    def __init__(self, ticks=0):
        self.containers = {}
        self.ticks = ticks
        self.completed = []
        self.most_at_once = 0
        self._numbers = itertools.count(1)

    def add(self, name, labels, program):
        if any(one.name == name for one in self.containers.values()):
            raise NameTaken(name)
        handle = f"{next(self._numbers):012d}"
        self.containers[handle] = Container(name, dict(labels), program, handle, self.ticks)
        return handle

    def start(self, handle):
        one = self[handle]
        one.state, one.log = "running", b"begun\n"
        running = [one for one in self.containers.values() if one.state == "running"]
        self.most_at_once = max(self.most_at_once, len(running))

    def tick(self, one):
        if one.state != "running":
            return
        one.ticks -= 1
        if one.ticks < 0 and (one.program != WAIT or "go" in one.files):
            self._end(one, 1 if one.program == FAIL else 0)

    def _end(self, one, code):
        one.state, one.exit_code = "ended", code
        if code == 0:
            self.completed.append(one.labels["launcher.try-number"])
            one.files["out/result.json"] = one.labels["launcher.try-number"].encode()

    def stop(self, handle):
        one = self[handle]
        if one.state == "running":
            self._end(one, 143)

    def __getitem__(self, handle):
        try:
            return self.containers[handle]
        except KeyError:
            raise Gone(handle) from None


class FakeBackend:
    def __init__(self, engine):
        self.engine = engine

    def prepare(self, spec):
        return "image"

    def find(self, identity):
        return [
            Found(
                handle=handle,
                state=one.state,
                exit_code=one.exit_code,
                created=one.created,
                labels=one.labels,
            )
            for handle, one in self.engine.containers.items()
            if identity.labels.items() <= one.labels.items() or one.name == identity.name
        ]

    def create(self, spec, *, name, labels):
        return self.engine.add(name, labels, spec.command[0])

    def stage(self, handle, files):
        self.engine[handle].files.update(files)

    def start(self, handle):
        self.engine.start(handle)

    def status(self, handle):
        one = self.engine[handle]
        self.engine.tick(one)
        return Status(running=one.state == "running", exit_code=one.exit_code)

    def logs(self, handle, *, since, follow):
        yield Piece("output", self.engine[handle].log, 0)

    def read(self, handle, path, *, limit):
        return self.engine[handle].files.get(path)

    def write(self, handle, path, content):
        self.engine[handle].files[path] = content

    def hurried(self):
        return contextlib.nullcontext()

    def stop(self, handle, *, grace):
        self.engine.stop(handle)

    def remove(self, handle):
        self.engine.containers.pop(handle, None)

"""What goes down to a backend: who the task instance is, what it runs, and what it is given."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import Any

from launcher import __version__
from launcher.outcome import SpecError

TASK_DIR = "/run/task"
LABEL = "launcher."


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One try of one task instance, as the task contract spells it in params.json."""

    deployment: str
    dag: str
    run: str
    task: str
    map_index: int = -1
    try_number: int = 1
    logical_date: str | None = None

    @property
    def name(self) -> str:
        """The name of the container: the same for every try, so that it is the lock of the task instance."""
        key = json.dumps([self.deployment, self.dag, self.run, self.task, self.map_index])
        parts = (_legal(part) for part in (self.deployment, self.dag, self.task))
        return "-".join([*parts, hashlib.sha256(key.encode()).hexdigest()[:12]])

    @property
    def labels(self) -> dict[str, str]:
        """The labels by which every container of the task instance is found, of whichever try."""
        labels = {
            "deployment": self.deployment,
            "dag-id": self.dag,
            "run-id": self.run,
            "task-id": self.task,
            "map-index": str(self.map_index),
        }
        return {LABEL + key: value for key, value in labels.items()}


@dataclass(frozen=True, kw_only=True)
class TaskSpec:
    """Everything a backend needs to run one try.

    :param image: what the docker backend runs
    :param folder: the task folder; None for a foreign image, which the process backend cannot run
    :param parameters: addressed to this task, so an unknown name is an error there
    :param offered: DAG params and run conf, of which the task takes the names it declares
    :param upstream: result of each direct upstream, by task id
    :param deadline: Unix time at which the task ends itself
    :param declares_result: whether a missing result is an error
    :param task_instance: Airflow's id of this try
    :param generation: Airflow raises it when a finished task is cleared, and leaves it on a retry
    """

    identity: Identity
    image: str
    folder: str | None = None
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    offered: Mapping[str, Any] = field(default_factory=dict)
    upstream: Mapping[str, Any] = field(default_factory=dict)
    deadline: float | None = None
    declares_result: bool = True
    task_instance: str = ""
    generation: int = 0

    def params_json(self) -> bytes:
        """The contract's in/params.json. Raises SpecError naming the value that is not JSON."""
        document = {
            "schema": 1,
            "identity": asdict(self.identity),
            "parameters": _plain(self.parameters, "parameters"),
            "offered": _plain(self.offered, "offered"),
            "upstream": _plain(self.upstream, "upstream"),
            "deadline": self.deadline,
        }
        return json.dumps(document, allow_nan=False).encode()

    def digest(self, image_id: str) -> str:
        """Hash of what runs on which input, never of the try: equal hashes may share a container."""
        inputs = {"parameters": self.parameters, "offered": self.offered, "upstream": self.upstream}
        what = [image_id, self.command, dict(self.environment), _plain(inputs, "spec")]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    def labels(self, image_id: str) -> dict[str, str]:
        """The labels a container carries, so that its task instance can be found from it alone."""
        labels = {
            "try-number": str(self.identity.try_number),
            "task-instance": self.task_instance,
            "generation": str(self.generation),
            "spec-hash": self.digest(image_id),
            "deadline": "" if self.deadline is None else f"{self.deadline:.3f}",
            "version": __version__,
        }
        return self.identity.labels | {LABEL + key: value for key, value in labels.items()}


def _legal(part: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", part)[:60]


def _plain(value: Any, where: str) -> Any:
    """The value as JSON types; Airflow hands over dates, tuples and sets as such."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise SpecError(f"{where} is {value}, which JSON cannot hold: pass null instead")
    if isinstance(value, Mapping):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item, where) for item in value), key=repr)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise SpecError(
        f"{where} is a {type(value).__name__}, which JSON cannot hold: pass text, numbers, lists or mappings"
    )

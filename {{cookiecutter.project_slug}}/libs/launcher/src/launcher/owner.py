"""Which try a container belongs to, and whether that try stops it: small files of its task dir.

Labels cannot be changed, so they name the creator only. An old try that stops and a new one that takes over
may meet: the old one marks and then looks who owns it, the new one writes that it owns it and then looks for
the mark. So at least one of them sees the other, and nobody takes over what is about to end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from launcher.spec import LABEL, TaskSpec

OWNER = "owner"
STOPPING = "stopping"
OWNER_LIMIT = 4096


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The try that made a container or took it over; only this one may stop or remove it.

    :param task_instance: Airflow's id of the try
    """

    task_instance: str
    try_number: int

    @classmethod
    def of(cls, spec: TaskSpec) -> Owner:
        """The owner of what this try creates."""
        return cls(task_instance=spec.task_instance, try_number=spec.identity.try_number)

    @classmethod
    def by_labels(cls, labels: Mapping[str, str]) -> Owner:
        """The try that created it."""
        number = labels.get(LABEL + "try-number", "")
        return cls(
            task_instance=labels.get(LABEL + "task-instance", ""),
            try_number=int(number) if number.isdecimal() else 0,
        )

    @classmethod
    def read(cls, content: bytes | None) -> Owner | None:
        """The try that a file names; None without one, or with a broken one."""
        try:
            found = json.loads(content or b"")
            return cls(task_instance=str(found["task_instance"]), try_number=int(found["try_number"]))
        except (ValueError, KeyError, TypeError):
            return None

    def content(self) -> bytes:
        """What stands in the file."""
        return json.dumps(asdict(self)).encode()

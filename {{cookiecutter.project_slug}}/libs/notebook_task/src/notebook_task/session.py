"""What a running task knows of itself, and where it leaves what it hands over."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .errors import ResultError
from .identity import Identity
from .json_files import encode, write_bytes, write_json

VARIABLE = "NOTEBOOK_TASK_SESSION"
RESULT_LIMIT = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Session:
    """The task instance a kernel or script runs for.

    `spool` is the folder that the runner collects from; None in an interactive session, where the
    author's calls only show what they would do.
    """

    identity: Identity
    data_url: str
    spool: Path | None = None
    upstream: dict[str, Any] = field(default_factory=dict)

    @property
    def interactive(self) -> bool:
        """True where nobody collects: a notebook opened in Jupyter."""
        return self.spool is None

    def save(self, path: Path) -> None:
        """Write it where `VARIABLE` of the kernel's environment points to."""
        write_json(path, asdict(self) | {"spool": str(self.spool)})

    @classmethod
    def load(cls, path: Path) -> Session:
        """Read what `save` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        values["identity"] = Identity.from_mapping(values["identity"])
        return cls(**values | {"spool": Path(values["spool"])})


def read_result(spool: Path) -> Any:
    """Return what the task handed over so far, None when it has not."""
    path = spool / "result.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def write_result(spool: Path, value: Any) -> None:
    """Keep the result for the end of the task.

    :raises ResultError: it is bigger than `LAUNCHER_RESULT_LIMIT` bytes.
    """
    content = encode(value)
    limit = int(os.environ.get("LAUNCHER_RESULT_LIMIT") or RESULT_LIMIT)
    if len(content) > limit:
        raise ResultError(
            f"the result has {len(content)} bytes and may have {limit}. "
            "Write data to task.data_url(...) and return the reference."
        )
    write_bytes(spool / "result.json", content)


@cache
def current() -> Session:
    """Return the session of this process; an interactive one where no runner started it."""
    path = os.environ.get(VARIABLE)
    return Session.load(Path(path)) if path else _interactive(Path.cwd())


def launcher_home(task_folder: Path) -> Path:
    """Return where runs, data and artifacts go outside a container: `.launcher` of the project."""
    if configured := os.environ.get("LAUNCHER_HOME"):
        return Path(configured).absolute()
    folder = task_folder.absolute()
    project = folder.parent.parent if folder.parent.name == "tasks" else folder
    return project / ".launcher"


def _interactive(folder: Path) -> Session:
    return Session(
        identity=Identity(dag="local", run="interactive", task=folder.name),
        data_url=os.environ.get("DATA_URL") or str(launcher_home(folder) / "data"),
    )

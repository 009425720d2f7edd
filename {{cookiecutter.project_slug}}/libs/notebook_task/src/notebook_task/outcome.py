"""How an attempt ended, and the files that tell the launcher."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import errors
from .json_files import write_json

SCHEMA = 1
REASON_LENGTH = 2000
# KubernetesPodOperator's side container reads this one
XCOM_FOLDER = Path("/airflow/xcom")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`retry` is None where the exit code alone decides; artifacts are paths below `ARTIFACTS_URL`."""

    exit_code: int = errors.OK
    reason: str | None = None
    retry: bool | None = None
    artifacts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_error(cls, error: errors.TaskError) -> Outcome:
        """Return the outcome of an error of this package."""
        return cls(exit_code=error.exit_code, reason=str(error), retry=error.retry)

    @classmethod
    def from_end(cls, end: dict[str, Any]) -> Outcome:
        """Return the outcome of `task.skip` or `task.fail`."""
        code = errors.SKIPPED if end["kind"] == "skip" else errors.CELL_RAISED
        return cls(exit_code=code, reason=end["reason"], retry=end["retry"])


def write_outcome(out: Path, outcome: Outcome) -> None:
    """Write outcome.json."""
    out.mkdir(parents=True, exist_ok=True)
    content = {
        "schema": SCHEMA,
        "reason": outcome.reason and outcome.reason[:REASON_LENGTH],
        "retry": outcome.retry,
        "artifacts": outcome.artifacts,
    }
    write_json(out / "outcome.json", content)


def deliver_result(out: Path, result: Any) -> None:
    """Write result.json, and a copy where stock Airflow on Kubernetes looks for it."""
    write_json(out / "result.json", result)
    if XCOM_FOLDER.is_dir():
        write_json(XCOM_FOLDER / "return.json", result)

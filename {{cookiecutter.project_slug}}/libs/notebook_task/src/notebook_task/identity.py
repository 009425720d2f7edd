"""Which try of which task instance this is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One attempt of one task instance; an unmapped task has map index -1."""

    dag: str
    run: str
    task: str
    map_index: int = -1
    try_number: int = 1
    logical_date: str | None = None
    deployment: str = "local"

    @classmethod
    def from_mapping(cls, values: dict[str, Any]) -> Identity:
        """Read `identity` of params.json; keys of a newer launcher are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})

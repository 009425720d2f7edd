"""Files that are either whole or not there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside `path` and rename, so that no reader sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as strict JSON in UTF-8, atomically."""
    write_bytes(path, encode(value))


def encode(value: Any) -> bytes:
    """Encode as strict JSON; NaN is an error."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()

"""The file .env: read it, judge it, and fill in the secrets that it lacks."""

from __future__ import annotations

import base64
import re
import secrets
import string
from collections.abc import Callable
from pathlib import Path

ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
LETTERS = string.ascii_letters + string.digits
# Where Compose changes a value, and where an address such as postgresql://user:password@host breaks.
CHANGED_BY_COMPOSE = "$#'\"\\`"
BREAKS_ADDRESSES = "@/:?%&"


def word(length: int) -> Callable[[], str]:
    """A maker of secrets that neither Compose nor an address can change: letters and digits only."""
    return lambda: "".join(secrets.choice(LETTERS) for _ in range(length))


def fernet_key() -> str:
    """32 random bytes as Fernet wants them: letters and digits, and the = at the end."""
    while True:
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        if key.rstrip("=").isalnum():
            return key


SECRETS: dict[str, Callable[[], str]] = {
    "ADMIN_PASSWORD": word(16),
    "POSTGRES_PASSWORD": word(32),
    "AIRFLOW_DB_PASSWORD": word(32),
    "CELERY_DB_PASSWORD": word(32),
    "REDIS_PASSWORD": word(32),
    "FERNET_KEY": fernet_key,
    "JWT_SECRET": word(64),
    "API_SECRET_KEY": word(64),
    "ENVIRONMENT_ID": word(12),
}


def parse(text: str) -> dict[str, str]:
    """The assignments of a .env file, as far as this project writes them: one a line, plain or in quotes."""
    found = {}
    for line in text.splitlines():
        match = ASSIGNMENT.fullmatch(line)
        if match:
            found[match[1]] = plain(match[2].strip())
    return found


def plain(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    # As Compose does: a # behind a space begins a comment.
    return re.split(r"\s+#", value, maxsplit=1)[0]


def read(path: Path) -> dict[str, str]:
    return parse(path.read_text(encoding="utf-8")) if path.is_file() else {}


def filled(text: str) -> str:
    """The text with every secret that is empty or absent made up. What has a value keeps it."""
    lines = text.splitlines()
    present = parse(text)
    for name, make in SECRETS.items():
        if present.get(name):
            continue
        line = f"{name}={make()}"
        empty = [number for number, old in enumerate(lines) if re.fullmatch(rf"\s*{name}=\s*", old)]
        if empty:
            lines[empty[0]] = line
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def ensure(path: Path, example: Path) -> bool:
    """Make the file from its example, or add what it lacks. Whether it is new. Readable by its owner only."""
    new = not path.exists()
    before = "" if new else path.read_text(encoding="utf-8")
    after = filled(example.read_text(encoding="utf-8") if new else before)
    if after != before:
        # Beside it and then in place: an interrupted write must not lose the only copy of the passwords.
        beside = path.with_name(f"{path.name}.new")
        beside.unlink(missing_ok=True)
        beside.touch(mode=0o600)
        beside.write_text(after, encoding="utf-8", newline="\n")
        beside.replace(path)
    return new


def problems(text: str) -> list[str]:
    """The lines that Compose would read differently from what is written, in words and without the values."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = ASSIGNMENT.fullmatch(line)
        if not match:
            found.append(f"line {number} is no NAME=value")
            continue
        name, value = match[1], match[2].strip()
        forbidden = CHANGED_BY_COMPOSE + (BREAKS_ADDRESSES + " " if name in SECRETS else "")
        bad = sorted({character for character in value if character in forbidden})
        if bad:
            found.append(f"line {number}: {name} contains {' '.join(bad).replace('   ', ' space ')}")
    return found

"""What a task may be called."""

from __future__ import annotations

import difflib
import keyword
import re

LONGEST = 60
LEGAL = re.compile(r"[a-z][a-z0-9_]*")
# Images of the project that are no tasks.
RESERVED = ("airflow",)


def problem(name: str, taken: list[str]) -> str:
    """Why a task cannot have this name; empty where it can."""
    if not LEGAL.fullmatch(name):
        return "a task's name has small letters, digits and underscores, and begins with a letter"
    if len(name) > LONGEST:
        return f"it has {len(name)} characters, and {LONGEST} is the most"
    if keyword.iskeyword(name):
        return "it is a word of Python's own, which a DAG could not use as a variable"
    if name in RESERVED:
        return "the image of that name is not a task's"
    if name in taken:
        return f"tasks/{name} exists"
    return ""


def suggestion(name: str, taken: list[str]) -> str:
    """A name close to the wanted one that a task can have."""
    base = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    base = re.sub(r"^[^a-z]+", "", base)[: LONGEST - 3].rstrip("_") or "task"
    if keyword.iskeyword(base) or base in RESERVED:
        base = f"{base}_task"
    candidates = [base, *(f"{base}_{number}" for number in range(2, 99))]
    return next(candidate for candidate in candidates if candidate not in taken)


def closest(name: str, known: list[str]) -> str:
    """Words for somebody who mistyped a name."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"there is {', '.join(sorted(known))}" if known else f"make it with: make add-task name={name}"

"""Refuse answers that would make a broken project, and say everything that is wrong at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# The answers are data, never source text: a quote in an answer must not end a string of this program.
ANSWERS: dict[str, object] = json.loads(
    r"""
{{ cookiecutter | tojson }}
"""
)

CHOICES = {"airflow_version": ("3.3.2",), "python_version": ("3.13", "3.11")}
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SLUG_LENGTH = 40
NAME_LENGTH = 100
# As the first part of an image's name these mean a registry on this host, and Docker's own images.
RESERVED_SLUGS = ("library", "localhost")


def name_problem(name: str) -> str | None:
    """Say why a project name cannot head a README, or None."""
    if not name.strip():
        return "is empty; write a name, such as: My notebooks"
    if not name.isprintable():
        return f"has a line break or another control character: {name!a}; write it in one line"
    if len(name) > NAME_LENGTH:
        return f"has {len(name)} characters; write {NAME_LENGTH} at most"
    return None


def slug_problem(slug: str) -> str | None:
    """Say why a slug is no legal name of a folder, an image and a network, or None."""
    if SLUG.fullmatch(slug) and len(slug) <= SLUG_LENGTH and slug not in RESERVED_SLUGS:
        return None
    if slug in RESERVED_SLUGS:
        return f"is {slug!a}, which means something else in an image's name; try: {slug}-notebooks"
    if SLUG.fullmatch(slug):
        return f"has {len(slug)} characters; write {SLUG_LENGTH} at most, such as: {legal_slug(slug)}"
    return (
        f"is {slug!a}; write lower-case letters, digits and single hyphens, a letter first,"
        f" such as: {legal_slug(slug)}"
    )


def legal_slug(text: str) -> str:
    """Turn any text into a legal slug that resembles it."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower())
    return re.sub(r"^[^a-z]+", "", words)[:SLUG_LENGTH].strip("-") or "my-notebooks"


def choice_problem(question: str, answer: str) -> str | None:
    """Say that an answer is none of the tested versions, or None."""
    if answer in CHOICES[question]:
        return None
    return f"is {answer!a}; choose one of: {', '.join(CHOICES[question])}"


CHECKS: dict[str, Callable[[str], str | None]] = {
    "project_name": name_problem,
    "project_slug": slug_problem,
    "airflow_version": lambda answer: choice_problem("airflow_version", answer),
    "python_version": lambda answer: choice_problem("python_version", answer),
}


def problems(answers: dict[str, object]) -> list[str]:
    """List what is wrong with the answers, one line each, in the order of the questions."""
    found = ((question, check(str(answers.get(question, "")))) for question, check in CHECKS.items())
    return [f"{question} {problem}" for question, problem in found if problem]


def parents_made(slug: str, output_dir: Path) -> Iterator[Path]:
    """Yield the folders that a slug with slashes made above the project's own, the deepest first."""
    parts = Path(slug).parts
    for length in range(len(parts) - 1, 0, -1):
        folder = output_dir.joinpath(*parts[:length])
        if folder.resolve() not in (output_dir, *output_dir.parents):
            yield folder


REMOVE_EMPTY = """
import os, sys, time
project, *parents = sys.argv[1:]
give_up = time.monotonic() + 10
while os.path.exists(project) and time.monotonic() < give_up:
    time.sleep(0.02)
for folder in parents:
    try:
        os.rmdir(folder)
    except OSError:
        pass
"""


def remove_empty_parents(project: Path, parents: list[Path]) -> None:
    """Remove the empty parents of a refused project.

    Cookiecutter removes the project's folder itself, and fails when it is gone, but only after this hook
    has ended; so a process of its own waits for that.
    """
    command = [sys.executable, "-c", REMOVE_EMPTY, str(project), *map(str, parents)]
    quiet = subprocess.DEVNULL
    subprocess.Popen(
        command, stdin=quiet, stdout=quiet, stderr=quiet, cwd=project.anchor, start_new_session=True
    )


def main() -> int:
    found = problems(ANSWERS)
    if not found:
        return 0
    print("No project was made. What to change in the answers:", file=sys.stderr)
    for problem in found:
        print(f"  {problem}", file=sys.stderr)
    parents = list(
        parents_made(str(ANSWERS.get("project_slug")), Path(str(ANSWERS["_output_dir"])).resolve())
    )
    if parents:
        remove_empty_parents(Path.cwd(), parents)
    return 1


if __name__ == "__main__":
    sys.exit(main())

"""The base images of the output, each with the recipe of its stand-in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DebianBase:
    """A bare Debian of one suite, which every stand-in is built on."""

    suite: str

    @property
    def tag(self) -> str:
        return f"standin-debian:{self.suite}"


@dataclass(frozen=True)
class StandIn:
    """An image built under the tag of a public one.

    :param tag: the public image's name and tag.
    :param recipe: the folder below `recipes/`.
    :param base: what its Dockerfile starts from.
    :param arguments: further build arguments.
    """

    tag: str
    recipe: str
    base: DebianBase | StandIn
    arguments: dict[str, str] = field(default_factory=dict)


TRIXIE = DebianBase("trixie")
BOOKWORM = DebianBase("bookworm")

PYTHON_3_13 = StandIn("python:3.13-slim-trixie", "python", TRIXIE)
# Debian trixie has no Python 3.11, so this one is a bookworm under trixie's name.
PYTHON_3_11 = StandIn("python:3.11-slim-trixie", "python", BOOKWORM)

IMAGES = (
    PYTHON_3_13,
    StandIn("apache/airflow:slim-3.3.2-python3.13", "airflow", PYTHON_3_13, {"AIRFLOW_VERSION": "3.3.2"}),
    StandIn("postgres:17.6", "postgres", TRIXIE),
    StandIn("redis:8.0.3", "redis", TRIXIE),
    StandIn("alpine/socat:1.8.0.3", "socat", TRIXIE),
    PYTHON_3_11,
)

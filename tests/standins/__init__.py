"""Makes sure that every base image of the output, Compose and buildx are there: pulled, or built as stand-ins from Debian and PyPI."""

from __future__ import annotations

from tests.standins.errors import BuildFailed, EngineMissing, NoSuchImage, NoWayToImages, StandInError
from tests.standins.images import ensure_images
from tests.standins.plugins import ensure_plugins

__all__ = [
    "BuildFailed",
    "EngineMissing",
    "NoSuchImage",
    "NoWayToImages",
    "StandInError",
    "ensure_images",
    "ensure_plugins",
]

"""Makes sure that Compose, buildx and every base image of the output are there.

Images are pulled; where no registry answers, stand-ins are built under the same tags from Debian and PyPI.
"""

from __future__ import annotations

from tests.standins.errors import BuildFailed, CannotBePrepared, EngineMissing, NoSuchImage, StandInError
from tests.standins.images import ensure_images
from tests.standins.plugins import ensure_plugins

__all__ = [
    "BuildFailed",
    "CannotBePrepared",
    "EngineMissing",
    "NoSuchImage",
    "StandInError",
    "ensure_images",
    "ensure_plugins",
]

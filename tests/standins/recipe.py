from __future__ import annotations

import hashlib
from pathlib import Path

from tests.standins import debian
from tests.standins.catalogue import DebianBase, StandIn

RECIPES = Path(__file__).parent / "recipes"


def recipe_hash(image: StandIn | DebianBase) -> str:
    """Twelve hex digits that change when anything that goes into the stand-in changes."""
    digest = hashlib.sha256()
    for part in _parts(image):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


def _parts(image: StandIn | DebianBase) -> list[bytes]:
    if isinstance(image, DebianBase):
        certificates = debian.CA_BUNDLE.read_bytes() if debian.CA_BUNDLE.exists() else b""
        return [image.suite.encode(), Path(debian.__file__).read_bytes(), certificates]
    files = sorted((RECIPES / image.recipe).iterdir())
    contents = [part for file in files for part in (file.name.encode(), file.read_bytes())]
    arguments = repr(sorted(image.arguments.items())).encode()
    return [recipe_hash(image.base).encode(), arguments, *contents]

"""Where tasks run. `load` imports only the backend that the deployment chose."""

from __future__ import annotations

import importlib
from typing import cast

from launcher.backends.base import Backend
from launcher.settings import Settings

_CLASSES = {
    "process": ("launcher.backends.process", "ProcessBackend"),
    "docker": ("launcher.backends.docker", "DockerBackend"),
}


def load(settings: Settings) -> Backend:
    """The backend that LAUNCHER_BACKEND names."""
    module, name = _CLASSES[settings.backend]
    return cast(Backend, getattr(importlib.import_module(module), name)(settings))

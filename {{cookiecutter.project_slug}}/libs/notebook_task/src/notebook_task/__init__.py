"""Runs a task folder's notebook or script, and what its author calls from inside it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from . import artifacts, runner, script, task
    from .upstream_results import UpstreamResults

    upstream: UpstreamResults

__all__ = ["artifacts", "runner", "script", "task", "upstream"]


def __getattr__(name: str) -> ModuleType | UpstreamResults:
    """Import on first use: a kernel that only wants `task` does not load the runner."""
    if name == "upstream":
        return import_module(".upstream_results", __name__).UpstreamResults()
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

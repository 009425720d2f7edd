from __future__ import annotations


class StandInError(RuntimeError):
    """A real part that the tests need cannot be had; the text says what is missing and the cure."""


class EngineMissing(StandInError):
    """No Docker command, or no engine that answers it."""


class CannotBePrepared(StandInError):
    """It is absent, cannot be fetched and cannot be made here: the reason a test is skipped with."""


class BuildFailed(StandInError):
    """A stand-in's recipe failed: a fault of this package, never a reason to skip."""


class NoSuchImage(StandInError):
    """The output pins a tag that its registry does not have."""

"""Turns what a notebook hands over into strict JSON, or says which key cannot be."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Mapping
from typing import Any

from .errors import ResultError


def to_json(value: Any, where: str) -> Any:
    """Convert numpy and pandas scalars, dates and paths; `where` names the value in an error.

    :raises ResultError: JSON has no form for the value.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {_key(name, where): to_json(item, f"{where}[{name!r}]") for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item, f"{where}[{index}]") for index, item in enumerate(value)]
    return _scalar(value, where)


def _key(name: Any, where: str) -> str:
    if isinstance(name, str):
        return str(name)
    raise ResultError(f"{where} has the key {name!r}; keys of a JSON object are text: str({name!r})")


def _scalar(value: Any, where: str) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _finite(float(value), where)
    if isinstance(value, (datetime.date, datetime.time)):
        return _date(value, where)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if _is_numpy_scalar(value):
        return _numpy_scalar(value, where)
    raise ResultError(f"{where} is {_described(value)}, which JSON cannot hold. {_advice(value)}")


def _finite(value: float, where: str) -> float:
    if math.isfinite(value):
        return value
    raise ResultError(
        f"{where} is {value}, which JSON cannot hold. Return a number, or None for a missing one."
    )


def _date(value: Any, where: str) -> str:
    text = value.isoformat()
    if text == "NaT":
        raise ResultError(
            f"{where} is NaT, which JSON cannot hold. Return a date, or None for a missing one."
        )
    return text


def _is_numpy_scalar(value: Any) -> bool:
    return hasattr(value, "dtype") and getattr(value, "shape", None) == () and hasattr(value, "item")


def _numpy_scalar(value: Any, where: str) -> Any:
    # numpy's item() turns a date with nanoseconds into a bare number
    plain = str(value) if value.dtype.kind == "M" else value.item()
    if plain == "NaT":
        raise ResultError(
            f"{where} is NaT, which JSON cannot hold. Return a date, or None for a missing one."
        )
    if plain is value or _is_numpy_scalar(plain):
        raise ResultError(f"{where} is {_described(value)}, which JSON cannot hold.")
    return to_json(plain, where)


def _described(value: Any) -> str:
    kind = type(value)
    return f"a {kind.__name__}" if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__name__}"


def _advice(value: Any) -> str:
    if hasattr(value, "tolist"):
        return (
            "Return .tolist() if it is small; else write it to task.data_url(...) and return the reference."
        )
    if isinstance(value, (set, frozenset)):
        return "Return sorted(...)."
    return "Return numbers, text, lists and dictionaries; write data to task.data_url(...)."

"""Medians, ratios of medians, and the lines they are printed in."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median


def seconds(what: str, times: Sequence[float], aim: str = "") -> None:
    """Print the median of some times, with the smallest and the largest."""
    span = f"  [{min(times):.2f} … {max(times):.2f}, n={len(times)}]" if len(times) > 1 else ""
    line(what, f"{median(times):.2f} s{span}", aim)


def ratio(what: str, ours: Sequence[float], theirs: Sequence[float], aim: str = "") -> None:
    """Print the ratio of two medians that were measured in turn."""
    value = (
        f"{median(ours) / median(theirs):.2f}  [{median(ours):.2f} s / {median(theirs):.2f} s, n={len(ours)}]"
    )
    line(what, value, aim)


def line(what: str, value: str, aim: str = "") -> None:
    print(f"{what:<58} {value}{f'   (aim: {aim})' if aim else ''}", flush=True)

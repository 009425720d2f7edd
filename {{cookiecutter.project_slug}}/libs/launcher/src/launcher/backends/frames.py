"""The engine's log stream: frames of stdout and stderr, each with a time stamp in front.

https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from datetime import datetime

from launcher.backends.base import Piece

HEADER = 8
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr"}
SECONDS = len("2026-11-21T08:40:01")


def pieces(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """The pieces of a multiplexed log read with timestamps=1; positions are nanoseconds since 1970."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        start = 0
        while len(buffer) - start >= HEADER:
            end = start + HEADER + int.from_bytes(buffer[start + 4 : start + HEADER], "big")
            if len(buffer) < end:
                break
            yield _piece(STREAMS.get(buffer[start], "stdout"), bytes(buffer[start + HEADER : end]))
            start = end
        del buffer[:start]


def _piece(stream: str, frame: bytes) -> Piece:
    stamp, _, data = frame.partition(b" ")
    return Piece(stream, data, _nanoseconds(stamp.decode("ascii", errors="replace")))


def _nanoseconds(stamp: str) -> int:
    fraction = ""
    if stamp[SECONDS : SECONDS + 1] == ".":
        fraction = stamp[SECONDS + 1 :].rstrip("Z").partition("+")[0].partition("-")[0]
    zone = stamp[SECONDS + 1 + len(fraction) :] if fraction else stamp[SECONDS:]
    return _seconds(stamp[:SECONDS] + zone) * 10**9 + int(fraction.ljust(9, "0") or 0)


@functools.lru_cache(maxsize=64)
def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())

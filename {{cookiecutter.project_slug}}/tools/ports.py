"""Who holds a port of this machine."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess

from tools import project
from tools.engine import PROJECT_LABEL, lines

OURS = "this stack"


def free(number: int) -> bool:
    with socket.socket() as probe:
        # As the engine does: a port whose last connections are still closing is not taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
        return True


def next_free(number: int) -> int:
    return next((candidate for candidate in range(number, 65536) if free(candidate)), 0)


def holder(number: int) -> str | None:
    """None where the port is free, OURS where this stack has it, else ` by …` as far as one can tell."""
    container = published(number)
    if container:
        name, owner = container
        return OURS if owner == project.deployment() else f" by the container {name}"
    return None if free(number) else by_process(number)


def published(number: int) -> tuple[str, str] | None:
    form = f'{{{{.Names}}}}\t{{{{.Label "{PROJECT_LABEL}"}}}}'
    for line in lines("ps", "--filter", f"publish={number}", "--format", form):
        name, _, owner = line.partition("\t")
        return name, owner
    return None


def by_process(number: int) -> str:
    """The process, where this user may see it."""
    for command, pattern in (
        (["ss", "-Hltnp", f"sport = :{number}"], r'users:\(\("([^"]+)",pid=(\d+)'),
        (["lsof", "-nP", f"-iTCP:{number}", "-sTCP:LISTEN"], r"\n(\S+)\s+(\d+)"),
    ):
        if shutil.which(command[0]):
            output = subprocess.run(command, capture_output=True, text=True).stdout
            match = re.search(pattern, output)
            if match:
                return f" by {match[1]} (process {match[2]})"
    return " by another program"

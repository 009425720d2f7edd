"""Watch a run through the database that Airflow writes."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from tools import terminal
from tools.task_lines import FINAL, label, line

# An operator's line in Airflow's console log: 2026-11-21T10:04:10.1Z [info     ] text   [logger] loc=…
TASK_LINE = re.compile(r"\S+Z \[\w+\s*\] (.*?) *\[airflow\.task\.operators\.[\w.]+\]( loc=\S+)?$")
QUERY = "SELECT task_id, map_index, coalesce(state, ''), duration FROM task_instance"


class Watch:
    """Print a line for each task that ends; keep the end of the log of those that fail.

    The tasks run one after the other, so what was logged since the last one ended is this one's.
    """

    def __init__(self, database: Path, log: Path) -> None:
        self.database = database
        self.log = log
        self.failed: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.offset = 0
        self.said = time.monotonic()

    def look(self) -> None:
        for name, state, duration in self.changes():
            self.said = time.monotonic()
            if state not in FINAL:
                continue
            terminal.say(line(name, state, duration))
            if state == "failed":
                self.failed[name] = self.since_last_end()
            self.offset = self.log.stat().st_size
        if time.monotonic() - self.said > terminal.HEARTBEAT_SECONDS:
            self.said = time.monotonic()
            running = [name for name, state in self.states.items() if state == "running"]
            terminal.say(f"  {', '.join(running) or 'starting Airflow'} …")

    def changes(self) -> list[tuple[str, str, float | None]]:
        news = []
        for task, map_index, state, duration in self.rows():
            name = label(task, map_index)
            if self.states.get(name) != state:
                self.states[name] = state
                news.append((name, state, duration))
        return news

    def rows(self) -> list[tuple[str, int, str, float | None]]:
        if not self.database.exists():
            return []
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=1)) as connection:
                return connection.execute(QUERY).fetchall()
        except sqlite3.Error:
            # Its tables are being made, or it is being written.
            return []

    def since_last_end(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self.offset)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(f"    {row}" for row in (of_the_task(lines) or lines)[-30:])


def of_the_task(lines: list[str]) -> list[str]:
    """What the task wrote and how the launcher sums it up, without what Airflow says around it."""
    found = []
    for row in lines:
        match = TASK_LINE.match(row)
        if match:
            found.append(match[1].rstrip())
        elif row.startswith("launcher.outcome."):
            found.append(row.partition(": ")[2])
    return found

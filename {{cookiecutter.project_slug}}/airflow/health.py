"""The health checks of the stack: `python health.py scheduler`, or another of its parts.

`airflow jobs check` and Celery's ping cost two seconds of CPU each time, mostly for imports. These cost a
twentieth of a second. No curl: later images of Airflow have none.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

LAST_PING = Path("/tmp/celery-ping")
PING_EVERY_SECONDS = 60


def component(name: str) -> bool:
    """Whether the api-server saw a fresh heartbeat of a component. It answers 200 also when it did not."""
    host = "127.0.0.1" if name == "metadatabase" else "api-server"
    connection = HTTPConnection(host, 8080, timeout=5)
    connection.request("GET", "/api/v2/monitor/health")
    return json.load(connection.getresponse())[name]["status"] == "healthy"


def worker() -> bool:
    """Ask Celery once a minute; in between, its last answer counts while the worker's log server listens."""
    socket.create_connection(("127.0.0.1", 8793), timeout=5).close()
    if LAST_PING.exists() and time.time() - LAST_PING.stat().st_mtime < PING_EVERY_SECONDS:
        return True
    if not celery_answers():
        return False
    LAST_PING.touch()
    return True


def celery_answers() -> bool:
    # Celery without Airflow's application: the question travels through the broker and needs no more.
    from celery import Celery

    application = Celery(broker=os.environ["AIRFLOW__CELERY__BROKER_URL"])
    name = f"celery@{socket.gethostname()}"
    return bool(application.control.inspect(destination=[name], timeout=4).ping())


def flower() -> bool:
    socket.create_connection(("127.0.0.1", 5555), timeout=5).close()
    return True


def main(name: str) -> int:
    checks = {"worker": worker, "flower": flower}
    try:
        healthy = checks[name]() if name in checks else component(name)
    except Exception as error:
        print(f"{name}: {error}")
        return 1
    return 0 if healthy else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

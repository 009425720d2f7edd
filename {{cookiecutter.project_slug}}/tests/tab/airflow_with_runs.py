"""Fills an Airflow of its own, on SQLite, with users and runs: `python airflow_with_runs.py DAG...`.

A process of its own, because Airflow reads its settings when it is first imported. It says `ready` when an
api-server can start, and `run DAG RUN` after each run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PASSWORD = "secret"


def make_users() -> None:
    """An administrator, a viewer, one who may see nothing but the DAG "other", one without any right."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        manager = builder.sm
        role = manager.add_role("OnlyOther")
        for resource in ("DAG:other", "Task Instances", "Task Logs", "DAG Runs"):
            manager.add_permission_to_role(role, manager.create_permission("can_read", resource))
        roles = {"admin": "Admin", "viewer": "Viewer", "guest": "OnlyOther", "nobody": "Public"}
        for name, role_name in roles.items():
            found = manager.find_role(role_name)
            manager.add_user(name, name, name, f"{name}@localhost", found, password=PASSWORD)


def main(dags: list[str]) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    if not Path(os.environ["AIRFLOW_HOME"], "airflow.db").exists():
        initdb()
        make_users()
    print("ready", flush=True)
    bag = DagBag()
    assert not bag.import_errors, bag.import_errors
    for dag in dags:
        run = bag.dags[dag].test()
        print(f"run {dag} {run.run_id}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)

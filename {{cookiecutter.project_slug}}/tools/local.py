"""Settings under which the launcher runs tasks as processes of this machine."""

from __future__ import annotations

import os

from tools import project

# What a user's shell has for another deployment must not reach ours.
FOREIGN = ("AIRFLOW_", "LAUNCHER_", "_AIRFLOW")


def environment() -> dict[str, str]:
    """The environment for the process backend and for an Airflow of its own, on SQLite below .launcher."""
    home = project.HOME / "airflow"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(project.ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(project.ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "LAUNCHER_BACKEND": "process",
        "LAUNCHER_DEPLOYMENT": project.slug(),
        "LAUNCHER_PROJECT_DIR": str(project.ROOT),
        "LAUNCHER_HOME": str(project.HOME),
        "PYTHONUNBUFFERED": "1",
    }

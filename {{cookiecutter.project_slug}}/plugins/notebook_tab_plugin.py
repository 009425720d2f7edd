"""The executed notebook as a tab of Airflow's UI: of a task instance, and all of them of a DAG run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin


async def notebooks(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """The pages behind the tabs. Imported at the first request: every service of Airflow loads this file."""
    from notebook_tab.app import app

    await app(scope, receive, send)


class NotebookTab(AirflowPlugin):
    """Two tabs, and the web application that they show."""

    name = "notebook_tab"
    fastapi_apps: ClassVar[list[Any]] = [{"app": notebooks, "url_prefix": "/notebooks", "name": "Notebooks"}]
    # Addresses without a leading slash are relative to Airflow's own, wherever a proxy puts it.
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Notebook",
            "destination": "task_instance",
            "url_route": "notebook",
            "href": "notebooks/{DAG_ID}/{RUN_ID}/{TASK_ID}/{MAP_INDEX}/page",
        },
        {
            "name": "Notebooks",
            "destination": "dag_run",
            "url_route": "notebooks",
            "href": "notebooks/{DAG_ID}/{RUN_ID}/page",
        },
    ]

"""Airflow's REST API, as far as the tools need it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

from tools import project
from tools.errors import ToolError

TIMEOUT_SECONDS = 30


class NotFound(ToolError):
    """The API knows no such thing."""


class Api:
    """The API of the stack that .env describes, as its first user."""

    def __init__(self) -> None:
        self.base = f"http://127.0.0.1:{project.number('AIRFLOW_PORT', 8080)}"
        self.headers = {"Content-Type": "application/json"}

    def log_in(self) -> Api:
        """Raises ToolError where nobody answers, or where the password is another one by now."""
        user = project.setting("ADMIN_USER", "admin")
        password = project.setting("ADMIN_PASSWORD", "")
        if not password:
            raise ToolError("there is no password in .env", "make up makes one")
        token = self.call("POST", "/auth/token", {"username": user, "password": password})
        self.headers["Authorization"] = f"Bearer {token['access_token']}"
        return self

    def call(self, method: str, path: str, body: object | None = None, **query: object) -> Any:
        """One request; what it answers.

        :raises NotFound: 404
        :raises ToolError: any other refusal, with the words of the API
        """
        url = self.base + path + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, self.headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise refusal(error, path) from None
        except (OSError, urllib.error.URLError) as error:
            reason = getattr(error, "reason", error)
            raise ToolError(f"no Airflow answers at {self.base}: {reason}", "start it: make up") from None

    def dag_is_known(self, dag: str) -> bool:
        try:
            return bool(self.call("GET", f"/api/v2/dags/{quote(dag, safe='')}"))
        except NotFound:
            return False

    def import_errors(self) -> list[dict[str, Any]]:
        return self.call("GET", "/api/v2/importErrors")["import_errors"]

    def unpause(self, dag: str) -> None:
        self.call("PATCH", f"/api/v2/dags/{quote(dag, safe='')}", {"is_paused": False})

    def trigger(self, dag: str, conf: dict[str, Any]) -> Run:
        body = {"logical_date": None, "conf": conf}
        found = self.call("POST", f"/api/v2/dags/{quote(dag, safe='')}/dagRuns", body)
        return Run(self, dag, found["dag_run_id"])

    def state(self, dag: str, run: str, task: str, map_index: int) -> str | None:
        """The state of a task instance: "none" before its first, None where there is no such instance."""
        where = [quote(part, safe="") for part in (dag, run, task)]
        path = "/api/v2/dags/{}/dagRuns/{}/taskInstances/{}".format(*where)
        try:
            found = self.call("GET", path if map_index < 0 else f"{path}/{map_index}")
        except NotFound:
            return None
        return str(found["state"] or "none")

    def newest_try(self, task: str, dag: str = "~", run: str = "~") -> dict[str, Any] | None:
        """The task instance of that name which began last."""
        path = f"/api/v2/dags/{quote(dag, safe='~')}/dagRuns/{quote(run, safe='~')}/taskInstances"
        found = self.call("GET", path, task_id=task, order_by="-start_date", limit=1)
        instances = [instance for instance in found["task_instances"] if instance["task_id"] == task]
        return instances[0] if instances else None


class Run:
    """One run of a DAG."""

    def __init__(self, api: Api, dag: str, run: str) -> None:
        self.api = api
        self.run = run
        self.path = f"/api/v2/dags/{quote(dag, safe='')}/dagRuns/{quote(run, safe='')}"

    def state(self) -> str:
        return self.api.call("GET", self.path)["state"]

    def instances(self) -> list[dict[str, Any]]:
        return self.api.call("GET", f"{self.path}/taskInstances", limit=500)["task_instances"]

    def result(self, task: str, map_index: int) -> Any:
        """What a task returned; None where it returned nothing."""
        path = f"{self.path}/taskInstances/{quote(task, safe='')}/xcomEntries/return_value"
        try:
            return self.api.call("GET", path, map_index=map_index)["value"]
        except NotFound:
            return None

    def log(self, task: str, map_index: int, number: int) -> list[str]:
        """The lines of one try."""
        path = f"{self.path}/taskInstances/{quote(task, safe='')}/logs/{number}"
        content = self.api.call("GET", path, map_index=map_index)["content"]
        return [line(event) for event in content if not event.get("event", "").startswith("::")]


def line(event: dict[str, Any]) -> str:
    time = event.get("timestamp", "")[11:19]
    level = event.get("level", "")
    mark = f"{level.upper()} " if level in ("warning", "error", "critical") else ""
    text = f"{time} {mark}{event.get('event', '')}".strip()
    for error in event.get("error_detail") or []:
        text += f"\n{error.get('exc_type', '')}: {error.get('exc_value', '')}"
    return text


def refusal(error: urllib.error.HTTPError, path: str) -> ToolError:
    words = error.read().decode(errors="replace")
    try:
        detail = json.loads(words)["detail"]
        words = detail if isinstance(detail, str) else json.dumps(detail)
    except (ValueError, KeyError, TypeError):
        pass
    if error.code == 404:
        return NotFound(f"Airflow knows no {path}: {words[:300]}")
    if error.code == 401:
        return ToolError(
            "Airflow refuses the user and password of .env",
            "if they were changed in the UI, put them into .env as ADMIN_USER and ADMIN_PASSWORD",
        )
    return ToolError(f"Airflow refuses {path} ({error.code}): {words[:500]}", "make logs service=api-server")

"""The REST calls that the stack tests make, as a user's script would make them."""

from __future__ import annotations

import time
from urllib.parse import quote

import requests

FINISHED = {"success", "failed", "skipped", "upstream_failed", "removed"}


class AirflowApi:
    def __init__(self, url: str, user: str, password: str):
        self.url = url.rstrip("/")
        answer = requests.post(
            f"{self.url}/auth/token", json={"username": user, "password": password}, timeout=30
        )
        answer.raise_for_status()
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **body):
        answer = self.session.request(method, f"{self.url}/api/v2/{path}", json=body or None, timeout=30)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def wait_for_dag(self, dag: str, seconds: float = 90) -> None:
        def known() -> bool:
            return self.session.get(f"{self.url}/api/v2/dags/{dag}", timeout=30).ok

        wait_until(known, seconds=seconds, what=f"DAG {dag} to be parsed")

    def trigger(self, dag: str, run_id: str, **conf) -> str:
        self.call("POST", f"dags/{dag}/dagRuns", logical_date=None, dag_run_id=run_id, conf=conf)
        return run_id

    def run_state(self, dag: str, run: str) -> str:
        return self.call("GET", f"dags/{dag}/dagRuns/{quote(run, safe='')}")["state"]

    def wait_for_run(self, dag: str, run: str, seconds: float = 240) -> str:
        wait_until(
            lambda: self.run_state(dag, run) in FINISHED, seconds=seconds, what=f"run {run} of {dag} to end"
        )
        return self.run_state(dag, run)

    def instances(self, dag: str, run: str) -> list[dict]:
        return self.call("GET", f"dags/{dag}/dagRuns/{quote(run, safe='')}/taskInstances")["task_instances"]

    def instance(self, dag: str, run: str, task: str) -> dict:
        return next(instance for instance in self.instances(dag, run) if instance["task_id"] == task)

    def set_state(self, dag: str, run: str, task: str, state: str) -> None:
        self.call("PATCH", f"dags/{dag}/dagRuns/{quote(run, safe='')}/taskInstances/{task}", new_state=state)

    def result(self, dag: str, run: str, task: str, map_index: int = -1):
        path = f"dags/{dag}/dagRuns/{quote(run, safe='')}/taskInstances/{task}/xcomEntries/return_value"
        return self.call("GET", f"{path}?map_index={map_index}&deserialize=true")["value"]

    def log(self, dag: str, run: str, task: str, map_index: int = -1, attempt: int = 1) -> str:
        """The lines of a log, an exception with its type and its words."""
        path = f"dags/{dag}/dagRuns/{quote(run, safe='')}/taskInstances/{task}/logs/{attempt}"
        content = self.call("GET", f"{path}?map_index={map_index}&full_content=true")["content"]
        return "\n".join(text_of(line) for line in content)


def text_of(line: dict | str) -> str:
    if isinstance(line, str):
        return line
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in line.get("error_detail") or []]
    return "\n".join([line["event"], *errors])


def wait_until(condition, *, seconds: float, what: str, pause: float = 0.5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(pause)

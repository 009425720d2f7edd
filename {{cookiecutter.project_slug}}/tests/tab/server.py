"""A real api-server over real runs, for tests of what its pages show and to whom."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from airflow_with_runs import PASSWORD
from notebook_task.artifacts import attempt_path
from notebooks import ROOT, make_project

HERE = Path(__file__).parent
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
FOREIGN = ("AIRFLOW", "LAUNCHER_", "PYTEST_")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    folder: Path
    port: int = field(default_factory=free_port)
    runs: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def artifacts(self):
        return self.folder / "artifacts"

    @property
    def environment(self):
        home, project = self.folder / "home", self.folder / "project"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return kept | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__AUTH_MANAGER": FAB,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__SECRET_KEY": "a-secret-of-the-tests",
            "AIRFLOW__API_AUTH__JWT_SECRET": "another-secret-of-the-tests-that-is-long-enough",
            "LAUNCHER_BACKEND": "process",
            "LAUNCHER_DEPLOYMENT": "test",
            "LAUNCHER_PROJECT_DIR": str(project),
            # Environments are made once and kept, as those of all other tests.
            "LAUNCHER_HOME": str(ROOT / ".launcher"),
            "DATA_URL": str(self.folder / "data"),
            "ARTIFACTS_URL": str(self.artifacts),
        }

    def process(self, *command, **options):
        return subprocess.Popen(
            list(map(str, command)), env=self.environment, cwd=self.folder, text=True, **options
        )

    def filling(self, *dags):
        """Start to run DAGs; a line on standard output for each that has run."""
        with (self.folder / "runs.log").open("a") as log:
            return self.process(
                sys.executable, HERE / "airflow_with_runs.py", *dags, stdout=subprocess.PIPE, stderr=log
            )

    def read(self, filling, word):
        for line in filling.stdout:
            words = line.split()
            if words[:1] == ["run"]:
                self.runs[words[1]] = words[2]
            if words[:1] == [word]:
                return
        assert word == "end", (self.folder / "runs.log").read_text()[-3000:]

    def path(self, task, *, dag="tab", run=None, map_index=-1, page="page"):
        """The path of a page; ids are quoted as the UI does it."""
        parts = attempt_path(dag=dag, run=run or self.runs[dag], task=task, map_index=map_index).split("/")
        return f"/notebooks/{'/'.join(parts[:4])}/{page}"

    def attempt(self, task, *, dag="tab", run=None, map_index=-1, try_number=1):
        """The folder that a try keeps its files in."""
        path = attempt_path(
            dag=dag, run=run or self.runs[dag], task=task, map_index=map_index, try_number=try_number
        )
        return self.artifacts / path

    def get(self, path, user="admin", **parameters):
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        return httpx.get(f"{self.url}{path}", params=parameters or None, headers=headers, timeout=60)

    def token(self, user):
        if user not in self.tokens:
            answer = httpx.post(f"{self.url}/auth/token", json={"username": user, "password": PASSWORD})
            self.tokens[user] = answer.json()["access_token"]
        return self.tokens[user]


@contextmanager
def airflow(folder, *dags):
    """An api-server after the DAGs have run."""
    server = Server(folder)
    (folder / "home").mkdir(parents=True)
    make_project(folder / "project")
    filling = server.filling(*dags)
    server.read(filling, "ready")
    with (folder / "api-server.log").open("w") as log:
        api = server.process(
            *(sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", server.port),
            stdout=log,
            stderr=log,
        )
    try:
        server.read(filling, "end")
        wait_for(server, api)
        yield server
    finally:
        for process in (filling, api):
            process.terminate()
            process.wait(timeout=30)


def wait_for(server, api):
    end = time.monotonic() + 180
    while time.monotonic() < end:
        try:
            return httpx.get(f"{server.url}/api/v2/version").raise_for_status()
        except httpx.HTTPError:
            assert api.poll() is None, (server.folder / "api-server.log").read_text()[-3000:]
            time.sleep(0.5)
    raise AssertionError((server.folder / "api-server.log").read_text()[-3000:])

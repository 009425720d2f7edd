"""The tools: what they plan, and what they say and leave behind where no engine answers."""

from __future__ import annotations

import ast
import http.server
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import MappingProxyType

import pytest

from tools import checks, cli, dotenv, imports, jobs, names, new_task, retention, watch
from tools.images import BASE_LABEL, HASH_LABEL, Image, step
from tools.verbs import VERBS

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("tools", "tasks", "templates", "dags", "plugins", "airflow", "images", "libs")


@pytest.fixture
def project(tmp_path):
    """A copy of this project in which a tool may write."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in COPIED:
        shutil.copytree(
            ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "tests", ".*")
        )
    for name in ("compose.yaml", ".env.example", "Makefile"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def tool(project, tmp_path):
    """Run `python -m tools …` in the copy, with nothing on PATH but what the test puts there."""
    programs = tmp_path / "bin"
    programs.mkdir()

    def run(*words, **environment):
        given = {"PATH": str(programs), "HOME": str(tmp_path), **environment}
        command = [sys.executable, "-m", "tools", *words]
        return subprocess.run(command, cwd=project, env=given, text=True, capture_output=True)

    return run


@pytest.fixture
def program(tmp_path):
    """Put a program that prints or fails in the place of a real one."""

    def make(name, script):
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return make


# docker: what is asked → what is answered. An engine that answers, with everything as it should be.
DOCKER = """
case "$*" in
  "version "*) echo 29.0.1 ;;
  "compose version"*) echo 2.40.3 ;;
  "buildx version") echo github.com/docker/buildx v0.20.0 ;;
  "info "*) echo '{"MemTotal": 17179869184, "OperatingSystem": "Docker Desktop", "DockerRootDir": "/x"}' ;;
  "context inspect"*) echo unix:///var/run/docker.sock ;;
  *inspect*) echo '[]' ;;
esac
"""


def test_every_target_of_the_makefile_is_one_command_and_a_verb():
    recipes = re.findall(r"^([a-z-]+):\n\t@\$\(TOOLS\) ([a-z-]+).*\n(?!\t)", f"{read('Makefile')}\n", re.M)
    assert dict(recipes) == {name: name for name in ["help", *VERBS]}


def test_the_makefile_hands_on_every_option_of_a_verb():
    given = dict(re.findall(r"@\$\(TOOLS\) ([a-z-]+) \$\(call given,(.*)\)", read("Makefile")))
    assert {name: given.get(name, "").split() for name in VERBS} == {
        name: list(verb.options) for name, verb in VERBS.items()
    }


def test_the_entry_parses_on_the_pythons_that_it_refuses():
    ast.parse(read("tools/__main__.py"), feature_version=(3, 8))


@pytest.mark.parametrize(
    "words",
    [["task=report", "set=year=2013 n=1"], ["--task", "report", "--set", "year=2013", "--set=n=1"]],
)
def test_makes_words_and_a_shells_words_mean_the_same(words):
    assert cli.read_options(VERBS["run"], words) == {"task": "report", "set_": "year=2013 n=1"}


@pytest.mark.parametrize(
    ("words", "said"),
    [(["tusk=report"], "did you mean 'task'"), (["set=a=1"], "run needs task=…"), (["--task"], "task=…")],
)
def test_a_wrong_word_is_named(words, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        cli.read_options(VERBS["run"], words)


def test_secrets_are_made_once_and_nothing_that_is_filled_in_changes():
    first = dotenv.filled(read(".env.example").replace("REDIS_PASSWORD=", "REDIS_PASSWORD=mine"))
    assert dotenv.filled(first) == first
    values = dotenv.parse(first)
    assert values["REDIS_PASSWORD"] == "mine"
    made = [values[name] for name in dotenv.SECRETS if name != "REDIS_PASSWORD"]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"[A-Za-z0-9]{12,}=?", value) for value in made)
    assert dotenv.problems(first) == []


def test_a_secret_that_an_update_added_is_added():
    old = dotenv.filled(read(".env.example"))
    without = "\n".join(line for line in old.splitlines() if not line.startswith("JWT_SECRET"))
    assert len(dotenv.parse(dotenv.filled(without))["JWT_SECRET"]) == 64


def test_the_env_file_is_its_owners_alone(tmp_path):
    path = tmp_path / ".env"
    assert dotenv.ensure(path, ROOT / ".env.example")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert not dotenv.ensure(path, ROOT / ".env.example")
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("POSTGRES_PASSWORD=ab$cd", "POSTGRES_PASSWORD contains $"),
        ("REDIS_PASSWORD=ab@ef", "REDIS_PASSWORD contains @"),
        ("ADMIN_USER=o'neill", "ADMIN_USER contains '"),
        ("JWT_SECRET=a#b", "JWT_SECRET contains #"),
        ("what is this", "line 1 is no NAME=value"),
    ],
)
def test_what_compose_would_change_is_named_without_its_value(line, said):
    (problem,) = dotenv.problems(line)
    assert said in problem
    assert "cd" not in problem


@pytest.mark.parametrize("line", ["ADMIN_USER=a@example.com", "# a $ in a comment", "", "FERNET_KEY=abc="])
def test_what_compose_would_not_change_is_no_problem(line):
    assert dotenv.problems(line) == []


IMAGE = Image("report", Path("Dockerfile"), Path(), "abc", "task-base")


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (None, "not built yet"),
        ({}, "its files changed"),
        ({HASH_LABEL: "old", BASE_LABEL: "sha256:1"}, "its files changed"),
        ({HASH_LABEL: "abc", BASE_LABEL: "sha256:0"}, "task-base changed"),
        ({HASH_LABEL: "abc", BASE_LABEL: "sha256:1"}, ""),
    ],
)
def test_an_image_is_built_for_a_reason(labels, reason):
    found = None if labels is None else {"Config": {"Labels": labels}}
    assert step(IMAGE, found, "sha256:1").reason == reason


def test_jobs_run_side_by_side_and_none_begins_after_a_failure(tmp_path, capsys):
    def job(name, code):
        return jobs.Job(name, [sys.executable, "-c", code], tmp_path / name)

    failed = jobs.run([job("good", ""), job("bad", "raise SystemExit(1)"), job("never", "")], at_once=2)
    assert [each.name for each in failed] == ["bad"]
    said = capsys.readouterr().out
    assert "good: done" in said
    assert "bad: failed" in said
    assert "never" not in said


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("Sales-Report", "sales_report"),
        ("1st", "st"),
        ("class", "class_task"),
        ("airflow", "airflow_task"),
        ("é", "task"),
    ],
)
def test_a_bad_name_gets_a_good_suggestion(name, better):
    assert names.problem(name, [])
    assert names.suggestion(name, []) == better
    assert names.problem(better, []) == ""
    assert names.suggestion(name, [better]) == f"{better}_2"


def test_what_a_notebook_imports_becomes_its_requirements():
    source = (
        "%matplotlib inline\nimport os, numpy.linalg\nfrom sklearn.svm import SVC\nfrom . import x\n!pip list"
    )
    cells = [{"cell_type": "code", "source": source}, {"cell_type": "code", "source": ["not python ("]}]
    assert imports.packages({"cells": cells}) == ["numpy", "scikit-learn"]


def test_a_notebook_keeps_its_own_parameters_cell():
    tagged = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "n = 1", "outputs": ["x"]}
    made, notes = new_task.taken_over({"cells": [tagged]}, Path("old.ipynb"))
    assert [cell["source"] for cell in made["cells"]] == ["n = 1"]
    assert made["cells"][0]["outputs"] == []
    assert notes == ()


def test_a_failed_task_is_shown_by_its_own_lines():
    lines = [
        '2026-11-21T10:04:10Z [info     ] 2/5 "Set up"   [airflow.task.operators.launcher.X] loc=a.py:1',
        "2026-11-21T10:04:10.2Z [info     ] Pushing xcom   [task] loc=task_runner.py:2280",
        '  File "x.py", line 1',
        "launcher.outcome.TaskFailed: prepare: exit code 1: RuntimeError: broken",
    ]
    assert watch.of_the_task(lines) == ['2/5 "Set up"', "prepare: exit code 1: RuntimeError: broken"]


def test_retention_removes_the_old_and_the_folders_that_it_emptied(tmp_path):
    old, young = tmp_path / "a" / "b" / "old", tmp_path / "c" / "young"
    for path in (old, young):
        path.parent.mkdir(parents=True)
        path.write_text("12345")
    (tmp_path / "just made").mkdir()
    long_ago = time.time() - 40 * retention.DAY
    os.utime(old, (long_ago, long_ago))
    assert retention.prune(tmp_path, time.time() - 30 * retention.DAY) == (1, 5)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["c", "just made", "young"]


@pytest.mark.parametrize(
    ("mode", "owner", "group", "readable"),
    [(0o644, 1000, 1000, True), (0o600, 1000, 1000, False), (0o640, 1000, 0, True), (0o600, 50000, 1, True)],
)
def test_it_is_known_what_airflows_user_can_read(mode, owner, group, readable):
    found = os.stat_result((stat.S_IFREG | mode, 0, 0, 1, owner, group, 0, 0, 0, 0))
    assert checks.may_read(found) is readable


def test_a_new_task_is_the_template(project, tool):
    done = tool("add-task", "name=sales_report")
    assert done.returncode == 0, done.stderr
    assert "make run task=sales_report" in done.stdout
    made, template = project / "tasks/sales_report", project / "templates/task"
    assert {path.name: path.read_bytes() for path in made.iterdir()} == {
        path.name: path.read_bytes() for path in template.iterdir()
    }


def test_a_taken_name_and_a_missing_notebook_make_nothing(project, tool):
    assert "exists" in tool("add-task", "name=report").stderr
    missing = tool("add-task", "name=fresh", "from=/nowhere/old.ipynb")
    assert missing.returncode == 1
    assert "/nowhere/old.ipynb" in missing.stderr
    assert not (project / "tasks/fresh").exists()


@pytest.mark.parametrize("verb", ["up", "down", "reset", "build", "logs"])
def test_without_docker_a_verb_says_so_and_does_nothing(project, tool, verb):
    before = {path for path in project.rglob("*") if "__pycache__" not in path.parts}
    done = tool(verb)
    assert done.returncode == 1
    assert "Docker is not installed" in done.stderr
    assert "make demo" in done.stderr
    assert {path for path in project.rglob("*") if "__pycache__" not in path.parts} == before


def test_a_stopped_engine_is_told_from_a_missing_one(tool, program):
    program("docker", "echo 'Cannot connect to the Docker daemon at unix:///x.' >&2; exit 1")
    done = tool("doctor")
    assert done.returncode == 1
    assert "engine does not answer" in done.stdout
    assert "start it" in done.stdout
    assert "Compose" not in done.stdout


def test_all_is_well(tool, program):
    program("docker", DOCKER)
    done = tool("doctor", AIRFLOW_PORT=str(free_port()))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("echo 2.40.3", "echo v2.3.3", "Docker Compose v2.3.3 is too old; 2.20"),
        ("echo 2.40.3", "exit 1", "'docker compose' is not installed"),
        ("echo github.com/docker/buildx v0.20.0", "exit 1", "'docker buildx' is not installed"),
        ("17179869184", "2147483648", "2.0 GiB memory; the stack needs 4"),
        ("Docker Desktop", "Debian", "the engine's socket is not at /nowhere.sock"),
        ("'[]'", """'[{"Labels": {"launcher.environment": "old"}}]'""", "was made under another .env"),
    ],
)
def test_the_doctor_names_what_is_wrong_and_the_cure(tool, program, was, becomes, said):
    assert was in DOCKER
    program("docker", DOCKER.replace(was, becomes))
    done = tool("doctor", AIRFLOW_PORT=str(free_port()), DOCKER_SOCK="/nowhere.sock")
    assert done.returncode == 1
    assert said in done.stdout
    assert "→" in done.stdout


def test_what_up_refuses_leaves_no_env_file(project, tool, program):
    program("docker", DOCKER.replace("17179869184", "2147483648"))
    refused = tool("up", AIRFLOW_PORT=str(free_port()))
    assert refused.returncode == 1
    assert "2.0 GiB memory" in refused.stderr
    assert not (project / ".env").exists()


def test_a_taken_port_is_named_with_a_free_one(tool, program):
    program("docker", DOCKER)
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        done = tool("doctor", AIRFLOW_PORT=str(number))
    assert f"port {number} is taken" in done.stdout
    assert "put AIRFLOW_PORT=" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the engine maps the owners of files")
def test_code_that_the_containers_could_not_read_is_found(project, tool, program):
    program("docker", DOCKER)
    (project / "dags/seattle_weather.py").chmod(0o600)
    if (project / "dags").stat().st_gid == 0:
        os.chown(project / "dags/seattle_weather.py", -1, 12345)
    done = tool("doctor")
    assert "dags/seattle_weather.py cannot be read" in done.stdout
    assert "chmod -R go+rX" in done.stdout


def test_a_misspelt_task_is_found_before_anything_is_installed(project, tool):
    done = tool("run", "task=reprot")
    assert done.returncode == 1
    assert "did you mean 'report'" in done.stderr
    assert not (project / ".venv").exists()


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Answers(http.server.BaseHTTPRequestHandler):
    """An Airflow that knows one failed and one running task."""

    states = MappingProxyType({"/report": "failed", "/train/3": "running"})

    def do_POST(self):
        self.answer(200, {"access_token": "token"})

    def do_GET(self):
        state = next((state for end, state in self.states.items() if self.path.endswith(end)), None)
        self.answer(200, {"state": state}) if state else self.answer(404, {"detail": "not found"})

    def answer(self, code, body):
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def airflow():
    """The variables that lead the tools to it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"AIRFLOW_PORT": str(server.server_port), "ADMIN_PASSWORD": "secret"}
        server.shutdown()


def task_container(name, task, state, map_index=-1, created="2026-01-01T00:00:00"):
    identity = {"dag-id": "weather", "task-id": task, "run-id": "manual__1", "map-index": str(map_index)}
    labels = {f"launcher.{key}": value for key, value in {**identity, "try-number": "2"}.items()}
    ended = "0001-01-01T00:00:00Z" if state == "running" else f"{created}Z"
    return {
        "Id": name * 12,
        "Config": {"Labels": labels},
        "State": {"Status": state, "ExitCode": 1, "FinishedAt": ended},
        "Created": f"{created}.123Z",
    }


@pytest.fixture
def told(tool, program, tmp_path):
    """Run a tool beside an engine with task containers; what that is told to do is in the file `told`."""
    found = [
        task_container("a", "report", "exited"),
        task_container("b", "train", "running", map_index=3),
        task_container("c", "gone", "running"),
    ]
    (tmp_path / "inspected").write_text(json.dumps(found))
    listed = "\\n".join(f"{name * 12}\\tx\\tx\\tx" for name in "abc")
    program(
        "docker",
        f"""
case "$*" in
  "ps -a"*) printf '{listed}\\n'; exit ;;
  "inspect "*) /bin/cat {tmp_path}/inspected; exit ;;
  "stats "*) printf 'bbbbbbbbbbbb\\t20MiB / 1GiB\\n'; exit ;;
  "stop "*|"rm "*) echo "$*" >> {tmp_path}/told; exit ;;
esac
{DOCKER}""",
    )
    return tool


def test_reap_removes_what_airflow_is_done_with(told, airflow, tmp_path):
    done = told("reap", **airflow)
    assert done.returncode == 0, done.stderr
    assert "remove aaaaaaaaaaaa weather.report, try 2: its task is failed" in done.stdout
    assert "keep   bbbbbbbbbbbb weather.train[3], try 2: its task is running" in done.stdout
    assert "remove cccccccccccc weather.gone, try 2: Airflow does not know its task" in done.stdout
    assert (tmp_path / "told").read_text().splitlines() == [
        "rm --force --volumes aaaaaaaaaaaa",
        "stop --time 10 cccccccccccc",
        "rm --force --volumes cccccccccccc",
    ]


def test_reap_touches_nothing_while_airflow_does_not_answer(told, tmp_path):
    done = told("reap", AIRFLOW_PORT="9", ADMIN_PASSWORD="secret")
    assert done.returncode == 1
    assert "no Airflow answers" in done.stderr
    assert not (tmp_path / "told").exists()


def test_reap_keeps_failed_ones_as_long_as_it_is_told(told, airflow):
    assert "keep   aaaaaaaaaaaa" in told("reap", f"hours={10**6}", **airflow).stdout
    assert "hours=soon is no number" in told("reap", "hours=soon", **airflow).stderr


def test_ps_lists_the_task_containers(told):
    lines = told("ps").stdout.splitlines()
    assert lines[0].split() == ["container", "dag", "task", "run", "try", "state", "age", "memory"]
    assert lines[1].split()[:7] == ["aaaaaaaaaaaa", "weather", "report", "manual__1", "2", "exit", "1"]
    assert lines[2].split()[2] == "train[3]"
    assert lines[2].endswith("20MiB / 1GiB")

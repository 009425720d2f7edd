"""What has to be there: each check looks, judges, and says the cure."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import dotenv, ports, project
from tools.engine import NO_DOCKER, docker, inspect
from tools.errors import ToolError

GOOD, WARNING, BAD = "ok", "warn", "fail"
OLDEST_COMPOSE = (2, 20)
GIB = 1024**3
# The idle stack takes 1.7 GiB, and each running task some 150 MiB plus what its notebook takes.
LEAST_MEMORY_GIB = 4
# Images of the example take five; a build needs room for its cache beside them.
LEAST_DISK_GIB = 5
AIRFLOW_USER = 50000
MOUNTED = ("dags", "tasks", "plugins", "airflow")


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    level: str
    text: str
    cure: str = ""


Check = Callable[[], Finding]


def require(*checks: Check) -> None:
    """Raise ToolError with all that is wrong and its cures."""
    bad = [finding for finding in run(checks) if finding.level == BAD]
    if bad:
        raise ToolError("\n".join(f"{finding.text}\n  {finding.cure}" for finding in bad))


def run(checks: tuple[Check, ...]) -> Iterator[Finding]:
    """The findings one by one. Where the engine is missing nothing that asks it can be judged."""
    without_engine = False
    for check in checks:
        if without_engine and check in ASK_ENGINE:
            continue
        finding = check()
        without_engine |= finding.level == BAD and check in (docker_command, engine_answers)
        yield finding


@functools.cache
def information() -> dict[str, Any]:
    return json.loads(docker("info", "--format", "{{json .}}"))


def python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= (3, 15):
        return Finding(
            BAD, f"Python {version}: Airflow runs on 3.11 to 3.14", "make PYTHON=python3.13 doctor"
        )
    return Finding(GOOD, f"Python {version}")


def docker_command() -> Finding:
    path = shutil.which("docker")
    if path is None:
        return Finding(BAD, "Docker is not installed: there is no command 'docker'", NO_DOCKER)
    return Finding(GOOD, f"docker: {path}")


def engine_answers() -> Finding:
    try:
        information.cache_clear()
        version = docker("version", "--format", "{{.Server.Version}}")
    except ToolError as error:
        return Finding(BAD, error.problem, error.cure)
    return Finding(GOOD, f"Docker engine {version}")


def compose_version() -> Finding:
    cure = "update Docker, or install the plugin: https://docs.docker.com/compose/install/"
    found = docker("compose", "version", "--short", check=False)
    match = re.search(r"(\d+)\.(\d+)", found)
    wanted = ".".join(str(part) for part in OLDEST_COMPOSE)
    if not match:
        return Finding(BAD, f"'docker compose' is not installed; {wanted} or newer is needed", cure)
    if (int(match[1]), int(match[2])) < OLDEST_COMPOSE:
        return Finding(BAD, f"Docker Compose {found} is too old; {wanted} or newer is needed", cure)
    return Finding(GOOD, f"Docker Compose {found}")


def buildx() -> Finding:
    found = docker("buildx", "version", check=False)
    if not found:
        cure = "update Docker, or install the plugin: https://docs.docker.com/go/buildx/"
        return Finding(BAD, "'docker buildx' is not installed; images are built with it", cure)
    return Finding(GOOD, " ".join(found.split()[:2]))


def socket() -> Finding:
    """Whether the socket that compose.yaml mounts is the one of the engine that answers."""
    wanted = project.setting("DOCKER_SOCK", "/var/run/docker.sock")
    endpoint = os.environ.get("DOCKER_HOST") or docker(
        *("context", "inspect", "--format", "{{.Endpoints.docker.Host}}"), check=False
    )
    used = endpoint.removeprefix("unix://")
    if engine_is_elsewhere() or not endpoint.startswith("unix://"):
        # Such a path is the engine's own, which cannot be looked at from here.
        return Finding(GOOD, f"socket for the tasks: {wanted}, at the engine")
    if not Path(wanted).is_socket():
        return Finding(BAD, f"the engine's socket is not at {wanted}", f"put DOCKER_SOCK={used} into .env")
    if Path(used).exists() and not Path(used).samefile(wanted):
        text = f"the stack would use the engine at {wanted}, and 'docker' the one at {used}"
        return Finding(BAD, text, f"put DOCKER_SOCK={used} into .env")
    return Finding(GOOD, f"socket for the tasks: {wanted}")


def engine_is_elsewhere() -> bool:
    """Whether the engine sees another file system than this program: a virtual machine, or another host."""
    return sys.platform != "linux" or "Desktop" in information().get("OperatingSystem", "")


def memory() -> Finding:
    total = information().get("MemTotal", 0) / GIB
    # A machine sold with 4 GiB reports a little less.
    if total < LEAST_MEMORY_GIB * 0.93:
        cure = (
            "give the engine more (Docker Desktop: Settings, Resources); without Docker there is: make demo"
        )
        return Finding(BAD, f"{total:.1f} GiB memory; the stack needs {LEAST_MEMORY_GIB}", cure)
    return Finding(GOOD, f"{total:.1f} GiB memory")


def disk() -> Finding:
    root = Path(information().get("DockerRootDir", ""))
    # Elsewhere, or closed to this user: the project's own disk is the best guess.
    place = root if root.is_dir() and not engine_is_elsewhere() else project.ROOT
    free = shutil.disk_usage(place).free / GIB
    if free < LEAST_DISK_GIB:
        cure = "make room; Docker's part of it: docker system df, then docker builder prune"
        return Finding(BAD, f"{free:.1f} GiB free at {place}; {LEAST_DISK_GIB} are needed", cure)
    return Finding(GOOD, f"{free:.0f} GiB free at {place}")


def port() -> Finding:
    number = project.number("AIRFLOW_PORT", 8080)
    if not 0 < number < 65536:
        return Finding(BAD, f"AIRFLOW_PORT={number} is no port", "put AIRFLOW_PORT=8080 into .env")
    holder = ports.holder(number)
    if holder is None:
        return Finding(GOOD, f"port {number} is free")
    if holder == ports.OURS:
        return Finding(GOOD, f"port {number} is this stack's")
    free = ports.next_free(number + 1)
    return Finding(
        BAD, f"port {number} is taken{holder}", f"put AIRFLOW_PORT={free} into .env, or stop the other"
    )


def environment_file() -> Finding:
    if not project.DOTENV.exists():
        return Finding(GOOD, ".env does not exist yet; make up makes it")
    problems = dotenv.problems(project.DOTENV.read_text(encoding="utf-8"))
    if problems:
        cure = f"use letters, digits, - and _ there; not {dotenv.CHANGED_BY_COMPOSE} nor, in secrets, "
        return Finding(BAD, ".env: " + "; ".join(problems), cure + dotenv.BREAKS_ADDRESSES)
    mode = stat.S_IMODE(project.DOTENV.stat().st_mode)
    if mode & 0o077:
        return Finding(WARNING, f".env can be read by others (mode {mode:o})", "chmod 600 .env")
    return Finding(GOOD, ".env has nothing that Compose would change")


def stale_volume() -> Finding:
    """Whether the database was made under another .env: its passwords and its Fernet key are that one's."""
    name = project.volume("postgres")
    volume = inspect("volume", name)
    if volume is None:
        return Finding(GOOD, "no database yet")
    made_under = (volume.get("Labels") or {}).get("launcher.environment")
    if made_under == dotenv.read(project.DOTENV).get("ENVIRONMENT_ID"):
        return Finding(GOOD, f"the database in {name} belongs to this .env")
    cure = "put the old .env back; or delete the database and all else of this deployment: make reset"
    return Finding(BAD, f"the database in {name} was made under another .env and has its passwords", cure)


def readable() -> Finding:
    """Whether Airflow's user in the containers can read what is mounted there (not so under umask 077)."""
    if sys.platform != "linux":
        return Finding(GOOD, "mounted files are readable in the containers")
    closed = next((path for folder in MOUNTED for path in unreadable(project.ROOT / folder)), None)
    if closed is None:
        return Finding(GOOD, "mounted files are readable in the containers")
    text = f"{closed.relative_to(project.ROOT)} cannot be read by the containers' user ({AIRFLOW_USER})"
    return Finding(BAD, text, "chmod -R go+rX " + " ".join(MOUNTED) + " images libs")


def unreadable(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        for path in [Path(place), *(Path(place, name) for name in files if not name.startswith("."))]:
            if path.exists() and not may_read(path.stat()):
                yield path


def may_read(found: os.stat_result) -> bool:
    """Whether user 50000 of group 0 can read a file, or enter and list a folder."""
    wanted = 0o5 if stat.S_ISDIR(found.st_mode) else 0o4
    in_group = 3 if found.st_gid == 0 else 0
    shift = 6 if found.st_uid == AIRFLOW_USER else in_group
    return (found.st_mode >> shift) & wanted == wanted


ENGINE = (docker_command, engine_answers, compose_version, buildx)
ASK_ENGINE = (engine_answers, compose_version, buildx, socket, memory, disk, port, stale_volume)
STACK = (*ENGINE, socket, memory, disk, port, environment_file, stale_volume, readable)
ALL = (python, *STACK)

"""Runs a task as a process on this machine, in its own environment: the same contract, the same run.py.

A run lives in $LAUNCHER_HOME/runs/<name>/; making that folder is the lock of the task instance.

    task/           the task dir of the contract
    log             stdout and stderr
    run.json        labels, time of creation, and once started: pid and start time
    exit            exit code, once it has ended
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import psutil

from launcher.backends.archive import FOLDERS
from launcher.backends.base import Found, Gone, NameTaken, Piece, Status, Unreadable, contract_environment
from launcher.environments import Environments, child_environment
from launcher.outcome import LaunchError
from launcher.settings import Settings
from launcher.spec import Identity, TaskSpec
from launcher.task_folder import TaskFolder, folder_hash

CHUNK = 64 * 1024
# A start time is told in clock ticks of a hundredth of a second.
SAME_START = 0.05
# Leaves the exit code for whoever looks later, and waits for a word before it starts: a launcher that dies
# before it has written down the pid leaves nothing running. SIGTERM is for the task, and so is standard
# error: a shell says "Killed" there of a child that was.
KEEPER = """
trap : TERM
exec 3>&2 2>/dev/null
read -r go || exit 125
"$@" 2>&3 3>&- </dev/null
code=$?
printf %s "$code" >"$0.tmp" && mv "$0.tmp" "$0"
exit "$code"
"""


class ProcessBackend:
    """One process a task, with an allow-list of the environment and a process group of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environments = Environments(settings)
        self._runs = settings.home / "runs"
        self._specs: dict[str, TaskSpec] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self, spec: TaskSpec) -> str:
        folder = _folder(spec)
        self._command(folder)
        return f"{folder_hash(folder.path)} {self._environments.task(folder)}"

    def find(self, identity: Identity) -> list[Found]:
        try:
            return [self._found(identity.name)]
        except Gone:
            return []

    def _found(self, name: str) -> Found:
        record = self._record(name)
        running = _is_alive(record)
        return Found(
            handle=name,
            state="running" if running else "ended" if "pid" in record else "created",
            exit_code=None if running else self._exit_code(name),
            created=record.get("created", ""),
            labels=record.get("labels", {}),
        )

    def create(self, spec: TaskSpec, *, name: str, labels: Mapping[str, str]) -> str:
        self._runs.mkdir(parents=True, exist_ok=True)
        try:
            (self._runs / name).mkdir()
        except FileExistsError:
            raise NameTaken(name) from None
        self._write_record(name, {"labels": dict(labels), "created": f"{time.time():.6f}"})
        self._specs[name] = spec
        return name

    def stage(self, handle: str, files: Mapping[str, bytes]) -> None:
        task_dir = self._task_dir(handle)
        task_dir.mkdir()
        for name, mode in FOLDERS.items():
            (task_dir / name).mkdir(mode=mode)
        for name, content in files.items():
            (task_dir / name).write_bytes(content)
            (task_dir / name).chmod(0o400 if name.startswith("secrets/") else 0o644)
        for url in (self._settings.data_url, self._settings.artifacts_url):
            if "://" not in url:
                Path(url).mkdir(parents=True, exist_ok=True)

    def start(self, handle: str) -> None:
        # Raises Gone where somebody has removed it.
        self._record(handle)
        spec = self._specs[handle]
        folder = _folder(spec)
        with self._log(handle).open("wb") as log:
            child = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, str(self._runs / handle / "exit"), *self._command(folder)],
                cwd=folder.path,
                env=self._environment(spec, folder, self._task_dir(handle)),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children[handle] = child
        with suppress(psutil.NoSuchProcess):
            started = {"pid": child.pid, "started": psutil.Process(child.pid).create_time()}
            self._write_record(handle, {**self._record(handle), **started})
        with suppress(BrokenPipeError), cast(BinaryIO, child.stdin) as go:
            go.write(b"go\n")

    def status(self, handle: str) -> Status:
        child = self._children.get(handle)
        if child is None:
            running = _is_alive(self._record(handle))
            return Status(running=running, exit_code=None if running else self._exit_code(handle))
        code = child.poll()
        if code is None:
            return Status(running=True)
        # A shell's way to say that a signal ended it, which is also the engine's.
        return Status(running=False, exit_code=code if code >= 0 else 128 - code)

    def _exit_code(self, handle: str) -> int | None:
        with suppress(FileNotFoundError, ValueError):
            return int((self._runs / handle / "exit").read_text())
        return None

    def logs(self, handle: str, *, since: int, follow: bool) -> Iterator[Piece]:
        try:
            with self._log(handle).open("rb") as file:
                file.seek(since)
                yield from self._follow(handle, file) if follow else _read_pieces(file)
        except FileNotFoundError:
            raise Gone(f"{handle} is gone") from None

    def _follow(self, handle: str, file: BinaryIO) -> Iterator[Piece]:
        pause = 0.01
        while True:
            # Asked before reading: then what was written before the end is read for sure.
            running = self.status(handle).running
            seen = file.tell()
            yield from _read_pieces(file)
            if not running:
                return
            pause = 0.01 if file.tell() > seen else min(pause * 1.3, 0.25)
            time.sleep(pause)

    def read(self, handle: str, path: str, *, limit: int) -> bytes | None:
        try:
            return _read_regular(self._task_dir(handle), path, limit=limit)
        except FileNotFoundError:
            # Created and not staged yet has no files; otherwise this raises Gone.
            self._record(handle)
            return None

    def write(self, handle: str, path: str, content: bytes) -> None:
        target = self._task_dir(handle) / path
        unfinished = target.with_name(target.name + ".tmp")
        try:
            unfinished.write_bytes(content)
            unfinished.replace(target)
        except FileNotFoundError:
            raise Gone(f"{handle} is gone") from None

    def hurried(self) -> AbstractContextManager[None]:
        return nullcontext()

    def stop(self, handle: str, *, grace: float) -> None:
        self._signal(handle, signal.SIGTERM if grace > 0 else signal.SIGKILL)

    def remove(self, handle: str) -> None:
        # Whatever the task left running in its process group ends with it.
        self._signal(handle, signal.SIGKILL)
        self._children.pop(handle, None)
        self._specs.pop(handle, None)
        shutil.rmtree(self._runs / handle, ignore_errors=True)

    def _command(self, folder: TaskFolder) -> list[str]:
        script = folder.path / "run.py"
        if not script.is_file():
            raise LaunchError(f"{script} is missing: it is what runs the task")
        python = self._environments.runner() if folder.has_notebook else self._environments.task(folder)
        return [str(python), script.name]

    def _environment(self, spec: TaskSpec, folder: TaskFolder, task_dir: Path) -> dict[str, str]:
        given = child_environment()
        python = self._environments.task(folder)
        return {
            **given,
            "PATH": f"{python.parent}{os.pathsep}{given.get('PATH', os.defpath)}",
            "VIRTUAL_ENV": str(python.parent.parent),
            "TASK_PYTHON": str(python),
            "PYTHONPATH": str(self._settings.project_dir / "libs" / "notebook_task" / "src"),
            "PYTHONUNBUFFERED": "1",
            **contract_environment(spec, self._settings, str(task_dir)),
        }

    def _task_dir(self, handle: str) -> Path:
        return self._runs / handle / "task"

    def _log(self, handle: str) -> Path:
        return self._runs / handle / "log"

    def _record(self, handle: str) -> dict[str, Any]:
        try:
            return dict(json.loads((self._runs / handle / "run.json").read_text()))
        except FileNotFoundError:
            if (self._runs / handle).is_dir():
                return {}
            raise Gone(f"{handle} is gone") from None

    def _write_record(self, handle: str, record: Mapping[str, Any]) -> None:
        unfinished = self._runs / handle / "run.json.tmp"
        unfinished.write_text(json.dumps(record))
        unfinished.replace(unfinished.with_suffix(""))

    def _signal(self, handle: str, number: int) -> None:
        with suppress(Gone, ProcessLookupError, PermissionError):
            record = self._record(handle)
            # A process of that id with another start time is a stranger's.
            if "pid" in record and (_is_same(record) or not psutil.pid_exists(record["pid"])):
                os.killpg(record["pid"], number)


def _folder(spec: TaskSpec) -> TaskFolder:
    if spec.folder is None:
        raise LaunchError(
            f"the process backend cannot run the image {spec.image}: set LAUNCHER_BACKEND=docker,"
            " or make a task folder of it (make add-task)"
        )
    return TaskFolder(Path(spec.folder))


def _is_same(record: Mapping[str, Any]) -> bool:
    try:
        return abs(psutil.Process(record["pid"]).create_time() - record["started"]) < SAME_START
    except psutil.Error:
        return False


def _is_alive(record: Mapping[str, Any]) -> bool:
    if "pid" not in record or not _is_same(record):
        return False
    with suppress(psutil.Error):
        return bool(psutil.Process(record["pid"]).status() != psutil.STATUS_ZOMBIE)
    return False


def _read_pieces(file: BinaryIO) -> Iterator[Piece]:
    while True:
        position = file.tell()
        data = file.readline(CHUNK)
        if not data:
            return
        yield Piece("output", data, position)


def _read_regular(root: Path, path: str, *, limit: int) -> bytes | None:
    """A file that a task left. Opened step by step, because each of them may be a link to somewhere else."""
    *folders, name = Path(path).parts
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Without O_NONBLOCK opening a fifo would wait for a writer.
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(f"it is not a file ({error.strerror})") from None
    finally:
        os.close(folder)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("it is not a file")
        if found.st_size > limit:
            raise Unreadable(f"it has {found.st_size} bytes, the limit is {limit} (LAUNCHER_RESULT_LIMIT)")
        with os.fdopen(os.dup(file), "rb") as opened:
            return opened.read(limit)
    finally:
        os.close(file)

"""Runs a task as a container. The only module that imports the docker SDK; `load` imports it late."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, NotFound
from docker.types import LogConfig, Mount
from docker.utils import kwargs_from_env

from launcher.backends import archive, frames
from launcher.backends.base import (
    BackendError,
    Found,
    Gone,
    NameTaken,
    Piece,
    Status,
    Unreachable,
    Unreadable,
    contract_environment,
)
from launcher.outcome import LaunchError
from launcher.settings import Settings
from launcher.spec import TASK_DIR, Identity, TaskSpec
from launcher.task_folder import HASH_LABEL, folder_hash

log = logging.getLogger(__name__)

# Creating and starting may take long on a busy engine; looking must not.
WORK_TIMEOUT = 120
LOOK_TIMEOUT = 10
READ_TIMEOUT = 20
# Airflow allows a signal handler five seconds in all.
HURRIED_TIMEOUT = 1.5
# The engine goes on stopping when its client has hung up.
STOP_TIMEOUT = 1
# A log that is silent for so long is asked for anew: a dead connection gives no sign.
LOG_SILENCE = 60

SIGKILLED = 137
OUT_OF_MEMORY_DELAY = 0.3

STAT_HEADER = "X-Docker-Container-Path-Stat"

# Relaxing one of these is for a deployment to decide, never for a DAG.
SAFE_DEFAULTS: Mapping[str, Any] = {
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/tmp": "rw,exec,nosuid,nodev,mode=1777,size=512m"},
    "pids_limit": 512,
    "init": True,
}
# Rotation loses lines for a reader that lags behind, so the files are large.
LOG_FILES = {"max-size": "64m", "max-file": "2"}

T = TypeVar("T")


class DockerBackend:
    """One container a task, on the engine that DOCKER_HOST names."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._version = "auto"
        self._clients = threading.local()

    def prepare(self, spec: TaskSpec) -> str:
        try:
            image = self._ask(lambda client: client.inspect_image(spec.image))
        except Gone:
            raise LaunchError(_never_built(spec)) from None
        labels = image["Config"].get("Labels") or {}
        if spec.folder is not None and labels.get(HASH_LABEL) != folder_hash(spec.folder):
            self._complain(f"image {spec.image} is older than its task folder: {_build(spec.folder)}")
        return str(image["Id"])

    def find(self, identity: Identity) -> list[Found]:
        filters = {"label": [f"{key}={value}" for key, value in identity.labels.items()]}
        listed = self._ask(lambda client: client.containers(all=True, quiet=True, filters=filters))
        names = [identity.name, *(container["Id"] for container in listed)]
        found = [one for name in names for one in self._inspected(name)]
        return list({one.handle: one for one in found}.values())

    def _inspected(self, name: str) -> list[Found]:
        try:
            container = self._ask(lambda client: client.inspect_container(name), timeout=LOOK_TIMEOUT)
        except Gone:
            return []
        return [_found(container)]

    def create(self, spec: TaskSpec, *, name: str, labels: Mapping[str, str]) -> str:
        with self._talking() as client, _launching():
            created = client.create_container(
                spec.image,
                command=None if spec.command is None else list(spec.command),
                name=name,
                labels=dict(labels),
                user=self._settings.task_user,
                environment=contract_environment(spec, self._settings, TASK_DIR),
                host_config=self._host_config(client),
            )
        return str(created["Id"])

    def stage(self, handle: str, files: Mapping[str, bytes]) -> None:
        tar = archive.pack(files, user=self._settings.task_user)
        self._ask(lambda client: client.put_archive(handle, TASK_DIR, tar))

    def start(self, handle: str) -> None:
        try:
            with self._talking() as client, _launching():
                client.start(handle)
        except LaunchError:
            # 404 may mean a command that does not exist, or a container: then this raises Gone.
            self.status(handle)
            raise

    def status(self, handle: str) -> Status:
        container = self._inspect(handle)
        if container["State"]["ExitCode"] == SIGKILLED and container["HostConfig"].get("Memory"):
            # The engine may hear of the end a moment before it hears that want of memory was the reason.
            time.sleep(OUT_OF_MEMORY_DELAY)
            container = self._inspect(handle)
        state = container["State"]
        return Status(
            running=_is_live(state),
            exit_code=None if _is_live(state) else int(state["ExitCode"]),
            out_of_memory=bool(state.get("OOMKilled")),
            memory_limit=container["HostConfig"].get("Memory") or None,
            error=state.get("Error") or "",
        )

    def _inspect(self, handle: str) -> dict[str, Any]:
        inspected = self._ask(lambda client: client.inspect_container(handle), timeout=LOOK_TIMEOUT)
        return cast(dict[str, Any], inspected)

    def logs(self, handle: str, *, since: int, follow: bool) -> Iterator[Piece]:
        # The engine counts `since` in whole seconds here; a second more covers streams that are out of step.
        params = {
            "since": max(0, since // 10**9 - 1),
            "follow": int(follow),
            "stdout": 1,
            "stderr": 1,
            "timestamps": 1,
        }
        url = f"/containers/{handle}/logs"
        with self._talking() as client, self._get(client, url, params, LOG_SILENCE) as response:
            response.raise_for_status()
            yield from frames.pieces(response.iter_content(None))

    def read(self, handle: str, path: str, *, limit: int) -> bytes | None:
        url, params = f"/containers/{handle}/archive", {"path": f"{TASK_DIR}/{path}"}
        try:
            with self._talking() as client, self._get(client, url, params, READ_TIMEOUT) as response:
                if not response.ok:
                    raise Unreadable(f"the engine cannot read it: {response.text[:200]}")
                archive.check(response.headers[STAT_HEADER], limit=limit)
                return archive.unpack(response.iter_content(64 * 1024), limit=limit)
        except Gone:
            # Either of them may be meant: then this raises Gone.
            self.status(handle)
            return None

    def write(self, handle: str, path: str, content: bytes) -> None:
        tar = archive.pack({path: content}, user=self._settings.task_user, folders={})
        self._ask(lambda client: client.put_archive(handle, TASK_DIR, tar), timeout=LOOK_TIMEOUT)

    @contextmanager
    def hurried(self) -> Iterator[None]:
        # A client in the middle of a call cannot begin another one, so these get clients of their own.
        clients = self._clients.__dict__
        before = dict(clients)
        clients.clear()
        clients["hurry"] = True
        try:
            yield
        finally:
            clients.clear()
            clients.update(before)

    def stop(self, handle: str, *, grace: float) -> None:
        with self._talking(LOOK_TIMEOUT) as client, suppress(requests.ReadTimeout):
            url = f"{_root(client)}/containers/{handle}/stop"
            timeout = (self._at_most(LOOK_TIMEOUT), STOP_TIMEOUT)
            client.post(url, params={"t": int(grace)}, timeout=timeout).close()

    def remove(self, handle: str) -> None:
        with suppress(Gone), self._talking() as client, _already_being_removed():
            client.remove_container(handle, v=True, force=True)

    def _complain(self, message: str) -> None:
        if self._settings.stale_images == "fail":
            raise LaunchError(message)
        log.warning(message)

    def _host_config(self, client: docker.APIClient) -> dict[str, Any]:
        volumes = [Mount(target, source) for source, target in self._settings.volumes.items()]
        config: dict[str, Any] = client.create_host_config(
            **SAFE_DEFAULTS,
            mounts=[Mount(TASK_DIR, None), *volumes],
            network_mode=self._settings.network or None,
            log_config=LogConfig(type="json-file", config=LOG_FILES),
        )
        return config

    def _ask(self, call: Callable[[docker.APIClient], T], *, timeout: int = WORK_TIMEOUT) -> T:
        with self._talking(timeout) as client:
            return call(client)

    @contextmanager
    def _talking(self, timeout: float = WORK_TIMEOUT) -> Iterator[docker.APIClient]:
        """A client of this thread, its errors in the words of `backends.base`."""
        clients, timeout = self._clients.__dict__, self._at_most(timeout)
        with _translated(self._settings.docker_host or "the default socket"):
            if timeout not in clients:
                clients[timeout] = self._connect(timeout)
            yield clients[timeout]

    def _at_most(self, timeout: float) -> float:
        return min(timeout, HURRIED_TIMEOUT) if "hurry" in self._clients.__dict__ else timeout

    def _connect(self, timeout: float) -> docker.APIClient:
        host = self._settings.docker_host
        where = kwargs_from_env({**os.environ, "DOCKER_HOST": host} if host else None)
        client = docker.APIClient(**where, version=self._version, timeout=timeout)
        client.mount("http://", _KeepAlive())
        self._version = client.api_version
        return client

    def _get(
        self, client: docker.APIClient, url: str, params: Mapping[str, Any], silence: int
    ) -> requests.Response:
        timeout = (self._at_most(LOOK_TIMEOUT), self._at_most(silence))
        response: requests.Response = client.get(
            _root(client) + url, params=params, stream=True, timeout=timeout
        )
        if response.status_code == 404:
            response.close()
            raise Gone(url)
        return response


class _KeepAlive(requests.adapters.HTTPAdapter):
    """Notices a peer that vanished without closing its connection."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, name):
                options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
        defaults = urllib3.connection.HTTPConnection.default_socket_options
        super().init_poolmanager(*args, **kwargs, socket_options=[*defaults, *options])


@contextmanager
def _translated(where: str) -> Iterator[None]:
    try:
        yield
    except NotFound as error:
        raise Gone(error.explanation) from None
    except APIError as error:
        if error.is_client_error():
            raise BackendError(f"the engine refuses: {error.explanation}") from error
        raise Unreachable(f"the engine at {where} answers: {error.explanation}") from error
    except (DockerException, requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(f"the engine at {where} does not answer: {error}") from error


@contextmanager
def _launching() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if error.status_code == 409:
            raise NameTaken(error.explanation) from None
        if error.status_code in (400, 404):
            raise LaunchError(f"the engine refuses to start it: {error.explanation}") from None
        raise


@contextmanager
def _already_being_removed() -> Iterator[None]:
    try:
        yield
    except APIError as error:
        if error.status_code != 409 or "already in progress" not in str(error.explanation):
            raise


def _is_live(state: Mapping[str, Any]) -> bool:
    return state["Status"] in ("running", "paused", "restarting", "removing")


def _found(container: Mapping[str, Any]) -> Found:
    state = container["State"]
    status = {"running": "running", "paused": "running", "restarting": "running", "exited": "ended"}
    return Found(
        handle=container["Id"],
        state=cast(Literal["created", "running", "ended"], status.get(state["Status"], "created")),
        exit_code=int(state["ExitCode"]) if state["Status"] == "exited" else None,
        created=container["Created"],
        labels=container["Config"].get("Labels") or {},
    )


def _root(client: docker.APIClient) -> str:
    return f"{client.base_url}/v{client.api_version}"


def _never_built(spec: TaskSpec) -> str:
    if spec.folder is None:
        return f"image {spec.image} is not on this engine: docker pull {spec.image}"
    return f"image {spec.image} was never built: {_build(spec.folder)}"


def _build(folder: str) -> str:
    return f"make build task={Path(folder).name}"

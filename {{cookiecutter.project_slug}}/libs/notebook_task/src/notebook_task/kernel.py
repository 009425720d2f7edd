"""The kernel's process: started before anything heavy is imported, in the task's own environment."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import InputError, KernelError
from .json_files import write_json
from .notebook_file import kernel_name, language
from .workspace import NOT_PASSED_ON, Workspace

CHANNELS = ("shell", "iopub", "stdin", "hb", "control")
# Unix allows a socket's path 104 bytes (macOS) or 108 (Linux)
LONGEST_SOCKET = 100


@dataclass(frozen=True)
class Kernel:
    """A running kernel; `connection` is what a client needs to talk to it."""

    process: subprocess.Popen[bytes]
    connection: dict[str, Any]
    files: list[tempfile.TemporaryDirectory[str]] = field(default_factory=list)

    def interrupt(self) -> None:
        """Send what Ctrl-C sends, to the kernel and what it started."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the kernel and what it started at once."""
        self._signal(signal.SIGKILL)

    def wait(self, seconds: float) -> None:
        """Wait for its end, and kill it when that does not come."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self.kill()
        self.process.wait()
        for folder in self.files:
            folder.cleanup()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


def task_python() -> str:
    """Return the Python of the task's environment: `TASK_PYTHON`, else this one."""
    return os.environ.get("TASK_PYTHON") or sys.executable


def launch(notebook: dict[str, Any], workspace: Workspace) -> Kernel:
    """Start the notebook's kernel.

    A Python notebook runs in the task's environment, whatever the name of the kernel it was written with.

    :raises InputError: the notebook wants a kernel of another language that is not installed.
    :raises KernelError: the process cannot be started.
    """
    if language(notebook) == "python":
        files: list[tempfile.TemporaryDirectory[str]] = []
        connection = _socket_connection(workspace, files)
        command, extra = [task_python(), "-m", "notebook_task.kernel_start", "-f", "{connection_file}"], {}
        command.append("--HistoryManager.hist_file=:memory:")
    else:
        files, connection = [], _port_connection()
        command, extra = _installed_kernel(kernel_name(notebook))
    path = workspace.runtime / "kernel.json"
    write_json(path, connection)
    path.chmod(0o600)
    filled = [part.replace("{connection_file}", str(path)) for part in command]
    return Kernel(_started(filled, workspace, extra), connection, files)


def _started(command: list[str], workspace: Workspace, extra: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=workspace.work,
            env=_environment(workspace) | extra,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise KernelError(f"cannot start the kernel {command[0]}: {error.strerror}") from error


def _environment(workspace: Workspace) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
    python = Path(task_python())
    return kept | {
        **workspace.environment(),
        "PATH": f"{python.parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "PYTHONPATH": str(workspace.api),
        "VIRTUAL_ENV": str(python.parent.parent),
        # with it a kernel ends itself when this process was killed
        "JPY_PARENT_PID": str(os.getpid()),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _socket_connection(workspace: Workspace, files: list[tempfile.TemporaryDirectory[str]]) -> dict[str, Any]:
    # Files instead of ports: two kernels on one host cannot get the same one, and nobody else can connect.
    folder = str(workspace.runtime)
    if len(folder) > LONGEST_SOCKET - len("/kernel-5"):
        files.append(tempfile.TemporaryDirectory(prefix="kernel-"))
        folder = files[0].name
    ports = {f"{channel}_port": number for number, channel in enumerate(CHANNELS, start=1)}
    return _connection("ipc", f"{folder}/kernel", ports)


def _port_connection() -> dict[str, Any]:
    import socket

    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in CHANNELS]
    ports = {
        f"{channel}_port": listener.getsockname()[1]
        for channel, listener in zip(CHANNELS, listeners, strict=True)
    }
    for listener in listeners:
        listener.close()
    return _connection("tcp", "127.0.0.1", ports)


def _connection(transport: str, ip: str, ports: dict[str, int]) -> dict[str, Any]:
    return {
        "transport": transport,
        "ip": ip,
        "key": secrets.token_hex(32),
        "signature_scheme": "hmac-sha256",
        "kernel_name": "",
        **ports,
    }


def _installed_kernel(name: str) -> tuple[list[str], dict[str, str]]:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(name)
    except NoSuchKernel:
        known = ", ".join(sorted(manager.find_kernel_specs())) or "none"
        raise InputError(
            f"the notebook wants the kernel {name!r}, which this image has not. It has: {known}"
        ) from None
    return spec.argv, spec.env

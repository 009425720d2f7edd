from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.standins.errors import BuildFailed, EngineMissing

LAST_LINES = 30


def run(*command: str | Path, check: bool = True, **options) -> subprocess.CompletedProcess[str]:
    """Run a command with its output captured.

    :raises BuildFailed: it ended with an error; the text has its last lines.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if check and done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-LAST_LINES:])
        raise BuildFailed(f"{' '.join(words)} ended with {done.returncode}:\n{tail}")
    return done


def require_engine() -> None:
    """:raises EngineMissing: there is no docker command or no engine behind it."""
    if shutil.which("docker") is None:
        raise EngineMissing("no docker command on PATH: install Docker Engine with its command line")
    answer = run("docker", "version", "--format", "{{.Server.Version}}", check=False)
    if answer.returncode:
        raise EngineMissing(
            f"no Docker engine answers; start it, or set DOCKER_HOST: {answer.stdout.strip()}"
        )


def is_root_on_debian() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def apt_install(package: str) -> None:
    """Install a Debian package of the machine's own release, without recommended packages."""
    command = ("apt-get", "install", "--yes", "--no-install-recommends", package)
    if run(*command, check=False).returncode:
        run("apt-get", "update")
        run(*command)

"""Docker Compose v2 and buildx for engines that come without them, such as Debian 12's docker.io."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.standins.command import is_root_on_debian, run
from tests.standins.errors import CannotBePrepared

# Debian 12's docker-compose is the Python 1.29 and it has no buildx; trixie's are static enough to run there.
SUITE = "trixie"
PACKAGES = {"compose": "docker-compose", "buildx": "docker-buildx"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def ensure_plugins() -> list[str]:
    """Make `docker compose` (v2) and `docker buildx` work, and return the names of those just put in place.

    :raises CannotBePrepared: one is absent and this is not root on Debian.
    """
    absent = [plugin for plugin in PACKAGES if not works(plugin)]
    if absent and not is_root_on_debian():
        names = " and ".join(f"docker {plugin}" for plugin in absent)
        raise CannotBePrepared(f"no {names}: install Docker's plugins for it (root on Debian gets them here)")
    if absent:
        _install(absent)
    return absent


def works(plugin: str) -> bool:
    return run("docker", plugin, "version", check=False).returncode == 0


def plugin_folder() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "cli-plugins"


def _install(plugins: list[str]) -> None:
    plugin_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        packages = _download([PACKAGES[plugin] for plugin in plugins], Path(scratch))
        for plugin, package in zip(plugins, packages, strict=True):
            unpacked = Path(scratch) / plugin
            run("dpkg-deb", "-x", package, unpacked)
            found = next(unpacked.rglob(f"cli-plugins/docker-{plugin}"))
            shutil.copy2(found, plugin_folder() / found.name)


def _download(packages: list[str], scratch: Path) -> list[Path]:
    """Download with package lists of their own: the machine's package sources stay as they are."""
    (scratch / "lists/partial").mkdir(parents=True)
    (scratch / "cache/archives/partial").mkdir(parents=True)
    source = scratch / "sources.list"
    source.write_text(f"deb [signed-by={KEYRING}] {_mirror()} {SUITE} main\n")
    apt = (
        "apt-get",
        f"--option=Dir::Etc::SourceList={source}",
        "--option=Dir::Etc::SourceParts=/dev/null",
        f"--option=Dir::State::Lists={scratch / 'lists'}",
        f"--option=Dir::Cache={scratch / 'cache'}",
        "--option=APT::Sandbox::User=root",
    )
    run(*apt, "update")
    run(*apt, "download", *packages, cwd=scratch)
    return [next(scratch.glob(f"{package}_*.deb")) for package in packages]


def _mirror() -> str:
    """The Debian mirror that this machine gets its own packages from."""
    apt = Path("/etc/apt")
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if file.is_file() and (found := re.search(r"https?://\S+/debian/?(?=\s)", file.read_text())):
            return found[0]
    raise CannotBePrepared("apt has no Debian mirror: add one to /etc/apt/sources.list.d")

"""What a deployment decides, read from the environment; a DAG decides none of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.outcome import SettingsError

BACKENDS = ("process", "docker")
_DEPLOYMENT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_IMAGE_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_TASK_USER = re.compile(r"[1-9]\d*:\d+")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The launcher's settings; `from_environment` checks every one and names the variable at fault."""

    backend: str
    deployment: str
    project_dir: Path
    home: Path
    image_tag: str
    task_user: str
    network: str
    volumes: Mapping[str, str]
    data_url: str
    artifacts_url: str
    result_limit: int
    stale_images: str
    docker_host: str | None

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, project_dir: Path | None = None
    ) -> Settings:
        """Read the settings; project_dir holds where LAUNCHER_PROJECT_DIR does not say.

        Raises SettingsError with the variable, what it holds and what it may hold.
        """
        given = {
            key: value.strip() for key, value in (os.environ if environment is None else environment).items()
        }
        project = Path(given.get("LAUNCHER_PROJECT_DIR") or project_dir or Path.cwd()).resolve()
        home = Path(given.get("LAUNCHER_HOME") or project / ".launcher").resolve()
        backend = _choice(given, "LAUNCHER_BACKEND", BACKENDS)
        deployment = _deployment(given, project)
        stores = {"data": "/data", "artifacts": "/artifacts"}
        if backend == "process":
            stores = {name: str(home / name) for name in stores}
        return cls(
            backend=backend,
            deployment=deployment,
            project_dir=project,
            home=home,
            image_tag=_matching(given, "IMAGE_TAG", "dev", _IMAGE_TAG, "a tag such as dev"),
            task_user=_matching(
                given, "LAUNCHER_TASK_USER", "1000:1000", _TASK_USER, "numbers such as 1000:1000, not root"
            ),
            network=given.get("LAUNCHER_NETWORK", ""),
            volumes=_volumes(given, deployment),
            data_url=given.get("DATA_URL") or stores["data"],
            artifacts_url=given.get("ARTIFACTS_URL") or stores["artifacts"],
            result_limit=_positive(given, "LAUNCHER_RESULT_LIMIT", 1024 * 1024),
            stale_images=_choice(given, "LAUNCHER_STALE_IMAGES", ("fail", "warn")),
            docker_host=given.get("DOCKER_HOST") or None,
        )


def _choice(given: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = given.get(name) or allowed[0]
    if value not in allowed:
        raise SettingsError(f"{name}={value!r}: must be one of {', '.join(allowed)}")
    return value


def _matching(given: Mapping[str, str], name: str, default: str, pattern: re.Pattern[str], words: str) -> str:
    value = given.get(name) or default
    if not pattern.fullmatch(value):
        raise SettingsError(f"{name}={value!r}: must be {words}")
    return value


def _positive(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise SettingsError(f"{name}={value!r}: must be a whole number above zero")
    return int(value)


def _deployment(given: Mapping[str, str], project: Path) -> str:
    value = given.get("LAUNCHER_DEPLOYMENT")
    if not value:
        return re.sub(r"[^a-z0-9]+", "-", project.name.lower()).strip("-") or "notebooks"
    if not _DEPLOYMENT.fullmatch(value):
        raise SettingsError(f"LAUNCHER_DEPLOYMENT={value!r}: must be lower-case letters, digits and hyphens")
    return value


def _volumes(given: Mapping[str, str], deployment: str) -> dict[str, str]:
    text = given.get("LAUNCHER_VOLUMES")
    if text is None:
        return {f"{deployment}-data": "/data", f"{deployment}-artifacts": "/artifacts"}
    pairs = [item.strip().split(":") for item in text.split(",") if item.strip()]
    for pair in pairs:
        # A source with a slash would be a folder of the host, which tasks never get.
        if len(pair) != 2 or not pair[0] or "/" in pair[0] or not pair[1].startswith("/"):
            raise SettingsError(
                f"LAUNCHER_VOLUMES={text!r}: must be NAME:/PATH,NAME:/PATH with names of volumes"
            )
    return dict(pairs)

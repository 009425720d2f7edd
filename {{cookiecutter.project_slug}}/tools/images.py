"""Which images this project has, and which of them must be built."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import project
from tools.engine import inspect
from tools.errors import ToolError

HASH_LABEL = "launcher.task-hash"
BASE_LABEL = "launcher.base"
PROJECT_LABEL = "launcher.project"
BASE = "task-base"
AIRFLOW = "airflow"


@dataclass(frozen=True)
class Image:
    """An image that this project builds, from which files, on which other image of it."""

    name: str
    dockerfile: Path
    context: Path
    hash: str
    base: str | None = None

    @property
    def tag(self) -> str:
        return project.image(self.name)


@dataclass(frozen=True)
class Step:
    """An image and why it must be built; without a reason it is as it should be."""

    image: Image
    reason: str


def base_image() -> Image:
    folder = project.ROOT / "images" / BASE
    content = tree_hash([folder, project.ROOT / "libs" / "notebook_task"])
    return Image(BASE, folder / "Dockerfile", project.ROOT, content)


def airflow_image() -> Image:
    folder = project.ROOT / "airflow"
    content = tree_hash([folder, *(project.ROOT / "libs" / name for name in ("launcher", "notebook_task"))])
    return Image(AIRFLOW, folder / "Dockerfile", project.ROOT, content)


def task_images() -> list[Image]:
    project.use_library("launcher")
    from launcher.task_folder import folder_hash, task_folders

    return [
        Image(task.name, task.path / "Dockerfile", task.path, folder_hash(task.path), BASE)
        for task in task_folders(project.ROOT)
    ]


def task_image(name: str) -> Image:
    """The image of one task. Raises ToolError with the closest name where there is none."""
    from tools.names import closest

    images = {image.name: image for image in task_images()}
    if name not in images:
        raise ToolError(f"there is no task '{name}' in tasks/", closest(name, list(images)))
    return images[name]


def step(image: Image, found: dict[str, Any] | None, base_id: str | None = None) -> Step:
    """Why an image must be built, judged by the labels of the one that is there.

    :param found: what `docker image inspect` says; None where the image is missing
    :param base_id: the id of the image below it, which a task image must have been built on
    """
    if found is None:
        return Step(image, "not built yet")
    labels = found.get("Config", {}).get("Labels") or {}
    if labels.get(HASH_LABEL) != image.hash:
        return Step(image, "its files changed")
    if image.base and labels.get(BASE_LABEL) != base_id:
        return Step(image, f"{image.base} changed")
    return Step(image, "")


def plan(images: list[Image]) -> list[Step]:
    """One step an image. For images on a base the base must have been dealt with before."""
    base = inspect("image", project.image(BASE))
    base_id = base["Id"] if base else None
    return [step(image, inspect("image", image.tag), base_id) for image in images]


def tree_hash(folders: list[Path]) -> str:
    """sha256 over the names and contents of what the build context takes of some folders."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(files(folder)):
            content = path.read_bytes()
            digest.update(
                f"{path.relative_to(folder.parent).as_posix()}\0{len(content)}\0".encode() + content
            )
    return digest.hexdigest()


def files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        ignored = any(part.startswith(".") or part in ("__pycache__", "tests", "build") for part in parts)
        if path.is_file() and path.suffix != ".pyc" and not ignored:
            yield path

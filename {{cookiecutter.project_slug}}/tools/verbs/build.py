"""make build"""

from __future__ import annotations

import time

from tools import checks, terminal
from tools.building import build as build_images
from tools.images import airflow_image, base_image, task_image, task_images


def build(task: str = "") -> int:
    """Build the images that are missing or changed.

    First the base of all tasks, then the tasks and Airflow's image, two at once.
    """
    images = [base_image(), task_image(task)] if task else [base_image(), airflow_image(), *task_images()]
    checks.require(checks.docker_command, checks.engine_answers, checks.buildx)
    start = time.monotonic()
    built = build_images(images)
    same = len(images) - len(built)
    terminal.good(
        f"{len(built)} built, {same} unchanged, in {terminal.seconds(start)}"
        if built
        else f"all {same} images are as their files are"
    )
    return 0

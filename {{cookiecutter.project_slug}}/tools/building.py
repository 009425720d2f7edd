"""Build images: first the one below the others, then the rest side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tools import jobs, project, terminal
from tools.engine import docker, inspect
from tools.errors import ToolError
from tools.images import BASE, BASE_LABEL, HASH_LABEL, PROJECT_LABEL, Image, Step, plan

AT_ONCE = 2


def build(images: Sequence[Image]) -> list[Image]:
    """Build what is missing or changed, and say so. Returns what was built.

    :raises ToolError: a build failed; says its last lines and what to type
    """
    below = [image for image in images if image.base is None and image.name == BASE]
    # The base comes first alone: whether a task must be built depends on what it becomes.
    built = build_steps(needed(plan(below)))
    return built + build_steps(needed(plan([image for image in images if image not in below])))


def needed(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step.reason]


def build_steps(steps: Sequence[Step]) -> list[Image]:
    for step in steps:
        refuse_broken(step.image)
    builder = docker("context", "show") if steps else ""
    found = [job(step, builder) for step in steps]
    failed = jobs.run(found, at_once=AT_ONCE)
    if failed:
        raise ToolError("\n\n".join(explanation(each) for each in failed))
    return [step.image for step in steps]


def refuse_broken(image: Image) -> None:
    if not image.dockerfile.is_file():
        source = "templates/task/Dockerfile" if image.base else "the template"
        raise ToolError(
            f"{project.shown(image.dockerfile)} does not exist", f"copy it from {source}, then: make build"
        )


def job(step: Step, builder: str) -> jobs.Job:
    image = step.image
    labels = {HASH_LABEL: image.hash, PROJECT_LABEL: project.slug()}
    arguments = {}
    if image.base:
        below = project.image(image.base)
        arguments["BASE_IMAGE"] = below
        labels[BASE_LABEL] = (inspect("image", below) or {}).get("Id", "")
    # The builder that belongs to the context: another one might build where `docker run` does not look.
    command = ["docker", "buildx", "build", "--builder", builder, "--load", "--progress", "plain"]
    command += ["--file", str(image.dockerfile), "--tag", image.tag]
    command += [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    command += [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    log = project.log_file(f"build-{image.name}")
    # No provenance: with it some engines give a rebuilt image a new id although nothing in it changed.
    environment = {**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    return jobs.Job(image.name, [*command, str(image.context)], log, step.reason, environment)


def explanation(failed: jobs.Job) -> str:
    again = "make build" if failed.name in (BASE, "airflow") else f"make build task={failed.name}"
    return (
        f"the image '{failed.name}' could not be built:\n{terminal.last_lines(failed.log)}\n"
        f"  all of it: {project.shown(failed.log)}\n  then: {again}"
    )

"""Every Python that the template offers: the default one is what all other stack tests run on."""

from __future__ import annotations

import json

import pytest

from tests import engine
from tests.conftest import ROOT

SLUG = "python-under-test"
VERSIONS = json.loads((ROOT / "cookiecutter.json").read_text())["python_version"]


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_a_task_runs_in_an_image_of_the_chosen_python(bake, version):
    engine.require()
    engine.remove_deployment(SLUG)
    project = bake(project_slug=SLUG, python_version=version)
    try:
        project.run("make", "run", "task=extract_year", "set=year=2013", "backend=docker", timeout=1200)
        image = f"{SLUG}/extract_year:dev"
        command = "import platform; print(platform.python_version())"
        shown = engine.docker("run", "--rm", "--entrypoint", "/opt/task/bin/python", image, "-c", command)
        assert shown.startswith(f"{version}.")
    finally:
        engine.remove_deployment(SLUG)

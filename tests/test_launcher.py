"""The launcher's own engine tests, in a baked project on the real engine: there they may not be skipped."""

from __future__ import annotations

import re

import pytest

from tests import engine


@pytest.mark.engine
def test_the_launcher_keeps_its_contract_on_the_real_engine(bake):
    engine.require()
    project = bake()
    project.environment["CI"] = "true"
    done = project.run("make", "test", "args=-m engine libs/launcher/tests", check=False, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 50
    assert "skipped" not in done.stdout.splitlines()[-1]

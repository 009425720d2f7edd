"""What can be seen without running anything."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import OUTPUT, ROOT

BIN = Path(sys.executable).parent
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml")) + sorted(
    (ROOT / OUTPUT).glob(".github/workflows/*.yml")
)


def passes(*command: str | Path) -> None:
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing():
    passes("ruff", "check", ".")


def test_the_formatter_changes_nothing():
    passes("ruff", "format", "--check", ".")


@pytest.mark.parametrize("hook", sorted(ROOT.glob("hooks/*.py")), ids=lambda hook: hook.stem)
def test_a_hook_is_python_before_it_is_rendered(hook):
    ast.parse(hook.read_text())


def test_both_sets_of_workflows_are_there():
    assert [path.name for path in WORKFLOWS] == ["test.yml", "ci.yml"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_nothing(workflow):
    passes("actionlint", "-shellcheck=", workflow)


@pytest.mark.parametrize("folder", [ROOT, ROOT / OUTPUT], ids=["template", "output"])
def test_zizmor_finds_nothing(folder):
    passes("zizmor", "--offline", "--no-progress", "--quiet", folder)


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there is one worker")
def test_pytest_xdist_keeps_each_group_on_one_worker(request):
    assert request.node.nodeid.endswith("@project")

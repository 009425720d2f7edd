"""make lint"""

from __future__ import annotations

import subprocess
import sys

from tools import environment, project, terminal


def lint(fix: str = "") -> int:
    """Check the style of all Python code and notebooks; fix=1 corrects what can be corrected."""
    environment.enter()
    ruff = [sys.executable, "-m", "ruff"]
    checks = [[*ruff, "check"], [*ruff, "format", "--check"]]
    if fix:
        checks = [[*ruff, "check", "--fix"], [*ruff, "format"]]
    failed = [command for command in checks if subprocess.run(command, cwd=project.ROOT).returncode != 0]
    if failed and not fix:
        terminal.say("\nmake lint fix=1 corrects most of it")
    return 1 if failed else 0

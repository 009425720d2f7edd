"""make test"""

from __future__ import annotations

import shlex
import subprocess
import sys

from tools import environment, project


def test(args: str = "") -> int:
    """Run the tests of this project: DAGs, tasks, launcher, tools. No Docker needed."""
    environment.enter()
    return subprocess.run([sys.executable, "-m", "pytest", *shlex.split(args)], cwd=project.ROOT).returncode

"""The folders of one attempt below `TASK_DIR`, and the environment of what runs there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .identity import Identity
from .session import VARIABLE, launcher_home

# What a laptop's session sets and a container does not have: a task must not depend on it.
NOT_PASSED_ON = ("PYTHONHOME", "PYTHONSTARTUP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")


@dataclass(frozen=True)
class Workspace:
    """`work` is the current folder of the notebook; what is ours is hidden below it."""

    task_dir: Path

    @property
    def work(self) -> Path:
        """The scratch folder, with the task folder's files linked in."""
        return self.task_dir / "work"

    @property
    def out(self) -> Path:
        """Where result.json and outcome.json go."""
        return self.task_dir / "out"

    @property
    def home(self) -> Path:
        """HOME of the task, with TMPDIR and the folders of Jupyter below it."""
        return self.work / ".notebook_task"

    @property
    def spool(self) -> Path:
        """Where the author's calls leave what the runner collects."""
        return self.home / "spool"

    @property
    def session_file(self) -> Path:
        """What the author's calls read."""
        return self.home / "session.json"

    @property
    def runtime(self) -> Path:
        """Connection file and sockets of the kernel."""
        return self.home / "run"

    @property
    def api(self) -> Path:
        """A folder on the task's path that holds this package and nothing else."""
        return self.home / "api"

    def make(self, task_folder: Path) -> None:
        """Make the folders, and link the task folder's files into `work`."""
        for folder in (self.out, self.spool, self.runtime, self.api, self.home / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        self.runtime.chmod(0o700)
        _link(Path(__file__).resolve().parent, self.api / "notebook_task")
        for entry in task_folder.iterdir():
            if not entry.name.startswith((".", "__pycache__")):
                _link(entry, self.work / entry.name)

    def environment(self) -> dict[str, str]:
        """Return the variables that keep everything a task writes below `work`."""
        return {
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "IPYTHONDIR": str(self.home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(self.home / "jupyter/config"),
            "JUPYTER_DATA_DIR": str(self.home / "jupyter/data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime),
            VARIABLE: str(self.session_file),
        }


def task_dir_from_environment() -> Path | None:
    """Return `TASK_DIR`, which a launcher or the image sets; None on a laptop."""
    configured = os.environ.get("TASK_DIR")
    return Path(configured).absolute() if configured else None


def task_dir_by_hand(task_folder: Path, identity: Identity) -> Path:
    """Return a fresh folder for a run by hand, below the project's `.launcher`."""
    return launcher_home(task_folder) / "runs" / identity.dag / identity.task / identity.run


def _link(source: Path, target: Path) -> None:
    if not target.exists() and not target.is_symlink():
        target.symlink_to(source)

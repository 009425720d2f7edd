"""make lock"""

from __future__ import annotations

import time

from tools import environment, project, terminal

# Where it is written, from what. Old pins are kept as long as what is asked for allows them.
LOCKS = {
    "airflow/requirements.txt": "airflow/requirements.in",
    "images/task-base/requirements.txt": "images/task-base/requirements.in",
}


def lock() -> int:
    """Pin every package of Airflow's environment and of the notebook runner.

    After a change in airflow/requirements.in or images/task-base/requirements.in.
    """
    log = project.log_file("lock")
    uv = environment.find_uv(log)
    for target, source in LOCKS.items():
        start = time.monotonic()
        path = project.ROOT / target
        before = pins(path.read_text(encoding="utf-8")) if path.is_file() else set()
        # Universal: one lock for every platform, and for each Python that may run it.
        command = [*uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        command += ["--annotation-style", "line", "--custom-compile-command", "make lock"]
        environment.call([*command, str(project.ROOT / source), "--output-file", str(path)], log)
        after = pins(path.read_text(encoding="utf-8"))
        terminal.say(f"{target}: {len(after)} packages, {terminal.seconds(start)}")
        for sign, names in (("+", after - before), ("-", before - after)):
            for name in sorted(names):
                terminal.say(f"  {sign} {name}")
    terminal.say("next: make build, then make up")
    return 0


def pins(text: str) -> set[str]:
    return {line.partition(" #")[0].strip() for line in text.splitlines() if "==" in line}

"""make up"""

from __future__ import annotations

import time

from tools import checks, dotenv, project, stack, terminal
from tools.building import build
from tools.errors import ToolError
from tools.images import airflow_image, base_image, task_images

TIMEOUT_SECONDS = 420


def up(timeout: str = str(TIMEOUT_SECONDS)) -> int:
    """Start the stack, wait until it is healthy, print where it is.

    The first time this makes .env with passwords of its own, which are never changed afterwards,
    and builds the images; later it builds those whose files changed.
    """
    if not timeout.isdigit():
        raise ToolError(f"timeout={timeout} is no number of seconds", f"make up timeout={TIMEOUT_SECONDS}")
    checks.require(*checks.STACK)
    if dotenv.ensure(project.DOTENV, project.ROOT / ".env.example"):
        terminal.say(".env made, with passwords of its own")
    begin = time.monotonic()
    build([base_image(), airflow_image(), *task_images()])
    if stack.is_up():
        terminal.good("the stack is up already")
    else:
        terminal.say("starting the stack")
        stack.start(int(timeout))
        terminal.good(f"the stack is healthy, after {terminal.seconds(begin)}")
    terminal.say(login())
    return 0


def login() -> str:
    """Where the UI is and how to get in."""
    return "\n".join(
        [
            "",
            f"  URL       http://127.0.0.1:{project.number('AIRFLOW_PORT', 8080)}",
            f"  user      {project.setting('ADMIN_USER', 'admin')}",
            f"  password  {project.setting('ADMIN_PASSWORD', '')}",
            "",
            "  next: make smoke    runs the example pipeline there",
            "        make down     stops the stack and keeps its data",
        ]
    )

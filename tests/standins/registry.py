from __future__ import annotations

import subprocess
import threading

from tests.standins.errors import NoSuchImage

ANSWER_SECONDS = 20
UNKNOWN = ("manifest unknown", "not found: manifest", "repository does not exist")


class Registry:
    """Pulls images; after the first pull without an answer it says no to every other one at once."""

    def __init__(self) -> None:
        self.failure: str | None = None

    def pull(self, tag: str) -> bool:
        """Pull an image, and say whether that worked.

        :raises NoSuchImage: the registry answers that there is no such tag.
        """
        if self.failure is not None:
            return False
        with subprocess.Popen(
            ["docker", "pull", tag], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            # The first line comes with the registry's answer; the layers after it may take their time.
            clock = threading.Timer(ANSWER_SECONDS, process.kill)
            clock.start()
            first_line = process.stdout.readline()
            clock.cancel()
            output = first_line + process.stdout.read()
        if process.returncode == 0:
            return True
        if any(sign in output for sign in UNKNOWN):
            raise NoSuchImage(f"the registry has no image {tag}: {output.strip()}")
        self.failure = output.strip() or f"no answer within {ANSWER_SECONDS} s"
        return False

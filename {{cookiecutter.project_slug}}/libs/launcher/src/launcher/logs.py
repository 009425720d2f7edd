"""Shows a task's log while it runs. Only shows: whether the task has ended is for the status poll to say."""

from __future__ import annotations

import codecs
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from launcher.backends.base import BackendError, Gone, Piece

log = logging.getLogger(__name__)

MAX_LINE = 64 * 1024
LAST_LINES = 100
RECONNECT_SECONDS = 0.5

Show = Callable[[str], None]
# Reads a log: (from this position on, follow it?) -> its pieces
ReadLog = Callable[[int, bool], Iterable[Piece]]


class Line:
    """The line of one stream that is not complete yet."""

    def __init__(self) -> None:
        self.start: int | None = None
        self._text = ""
        self._cut = 0
        # One decoder a stream: a character may be split over two writes.
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, piece: Piece) -> Iterator[tuple[int, str]]:
        """Complete lines, each with the position where it began."""
        if self.start is None:
            self.start = piece.position
        *complete, rest = self._decoder.decode(piece.data).split("\n")
        for text in complete:
            yield self.start, self._take(text)
            self.start = piece.position
        self._append(rest)
        if piece.data.endswith(b"\n"):
            self.start = None

    def flush(self) -> Iterator[tuple[int, str]]:
        """The last line of a log that does not end with a newline."""
        rest = self._decoder.decode(b"", final=True)
        if self.start is not None and (self._text or rest):
            yield self.start, self._take(rest)

    def _append(self, text: str) -> None:
        self._text += text
        shown = self._text.rstrip("\r")
        if "\r" in shown:
            # A progress bar overwrites its line; only what a terminal would show in the end is kept.
            self._text = shown.rpartition("\r")[2] + self._text[len(shown) :]
        if len(self._text) > MAX_LINE:
            self._cut += len(self._text) - MAX_LINE
            self._text = self._text[:MAX_LINE]

    def _take(self, text: str) -> str:
        self._append(text)
        line, cut = self._text.rstrip("\r"), self._cut
        self._text, self._cut = "", 0
        return f"{line} … [{cut} more characters]" if cut else line


class Tail:
    """Turns pieces into lines, each exactly once however often the stream is cut and read again."""

    def __init__(self, show: Show) -> None:
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._show = show
        self._open: dict[str, Line] = {}
        # Of each stream: where its last shown line began, and how many shown lines began there.
        self._done: dict[str, tuple[int, int]] = {}
        self._again: dict[str, int] = {}

    def resume(self) -> int:
        """Forget what is incomplete; the position from which to read again."""
        starts = [line.start for line in self._open.values() if line.start is not None]
        done = max((position for position, _ in self._done.values()), default=0)
        self._open = {}
        self._again = {stream: count for stream, (_, count) in self._done.items()}
        return min([done, *starts])

    def take(self, piece: Piece) -> None:
        line = self._open.setdefault(piece.stream, Line())
        for position, text in line.feed(piece):
            self._line(piece.stream, position, text)

    def flush(self) -> None:
        for stream, line in self._open.items():
            for position, text in line.flush():
                self._line(stream, position, text)

    def _line(self, stream: str, position: int, text: str) -> None:
        last, count = self._done.get(stream, (-1, 0))
        if position < last:
            return
        if position == last and self._again.get(stream, 0) > 0:
            self._again[stream] -= 1
            return
        self._done[stream] = (position, count + 1 if position == last else 1)
        self.last_lines.append(text)
        self._show(text)


class LogPump:
    """Reads a log in a thread of its own, and reads on where it was when the connection breaks.

    `stirred` is set whenever the stream ends: most often the task has ended then, so look at its status.
    """

    def __init__(self, read: ReadLog, show: Show) -> None:
        self.stirred = threading.Event()
        self._read = read
        self._show = show
        self._tail = Tail(self._say)
        self._ended = threading.Event()
        self._pieces = 0
        # Only this thread may show anything: a follower that hangs is replaced, and stays silent.
        self._speaker: threading.Thread | None = None

    @property
    def last_lines(self) -> tuple[str, ...]:
        return tuple(self._tail.last_lines)

    def start(self) -> None:
        self._speak(self._follow)

    def drain(self, *, patience: float, limit: float) -> None:
        """Call when the task has ended: shows the rest, until nothing comes for patience seconds."""
        self._ended.set()
        if not self._finished(patience, limit):
            self._speak(self._read_rest)
            if not self._finished(patience, limit):
                log.warning("the end of the task's log could not be read")
        self.close()

    def close(self) -> None:
        """Show nothing more."""
        self._ended.set()
        self._speaker = None

    def _speak(self, what: Callable[[], None]) -> None:
        self._speaker = threading.Thread(target=what, name="task log", daemon=True)
        self._speaker.start()

    def _say(self, line: str) -> None:
        if threading.current_thread() is self._speaker:
            self._show(line)

    def _finished(self, patience: float, limit: float) -> bool:
        thread, seen, deadline = self._speaker, -1, time.monotonic() + limit
        while (
            thread is not None and thread.is_alive() and self._pieces != seen and time.monotonic() < deadline
        ):
            seen = self._pieces
            thread.join(patience)
        return thread is None or not thread.is_alive()

    def _follow(self) -> None:
        complete = False
        while threading.current_thread() is self._speaker and not (complete and self._ended.is_set()):
            complete = self._read_once(follow=not self._ended.is_set())
            self.stirred.set()
            if complete:
                self._ended.wait(RECONNECT_SECONDS)
            else:
                time.sleep(RECONNECT_SECONDS)
        self._tail.flush()

    def _read_rest(self) -> None:
        if self._read_once(follow=False):
            self._tail.flush()

    def _read_once(self, *, follow: bool) -> bool:
        """Whether the stream came to its end, rather than breaking off."""
        try:
            for piece in self._read(self._tail.resume(), follow):
                if threading.current_thread() is not self._speaker:
                    return True
                self._tail.take(piece)
                self._pieces += 1
        except Gone:
            return True
        except BackendError as error:
            log.debug("the log stream broke off: %s", error)
            return False
        return True

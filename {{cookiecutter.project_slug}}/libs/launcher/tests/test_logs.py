from __future__ import annotations

import threading

import pytest
from launcher.backends.base import Piece, Unreachable
from launcher.logs import MAX_LINE, LogPump, Tail


def lines(*pieces):
    shown = []
    tail = Tail(shown.append)
    for index, piece in enumerate(pieces):
        stream, data = piece if isinstance(piece, tuple) else ("stdout", piece)
        tail.take(Piece(stream, data, index))
    tail.flush()
    return shown


def test_a_character_split_over_two_writes_stays_whole():
    assert lines(b"caf\xc3", b"\xa9\n") == ["café"]


def test_pieces_without_a_newline_continue_the_line():
    assert lines(b"a" * 16384, b"b" * 16384, b"c\nnext\n") == ["a" * 16384 + "b" * 16384 + "c", "next"]


def test_streams_do_not_mix_within_a_line():
    assert lines(b"out ", ("stderr", b"err\n"), b"put\n") == ["err", "out put"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"10%\r50%\r100%\n", ["100%"]),
        (b"windows\r\n", ["windows"]),
        (b"\xff\xfe ok\n", ["\ufffd\ufffd ok"]),
        (b"no newline at the end", ["no newline at the end"]),
        (b"\n\n", ["", ""]),
        (b"cut \xc3", ["cut \ufffd"]),
        (b"", []),
    ],
)
def test_odd_lines(written, shown):
    assert lines(written) == shown


def test_an_endless_progress_bar_takes_no_memory():
    tail = Tail([].append)
    for index in range(2000):
        tail.take(Piece("stdout", b"\rstep %d " % index + b"." * 1000, index))
    assert len(tail._open["stdout"]._text) < 3000


def test_a_long_line_is_capped_and_says_by_how_much():
    (line,) = lines(b"x" * (MAX_LINE + 10), b"y\n")
    assert line == "x" * MAX_LINE + " … [11 more characters]"


def test_a_line_of_fifty_thousand_characters_is_one_line():
    assert lines(b"x" * 50_000 + b"\n") == ["x" * 50_000]


def test_only_the_last_lines_are_kept():
    tail = Tail([].append)
    tail.take(Piece("stdout", b"".join(b"%d\n" % number for number in range(1000)), 0))
    assert list(tail.last_lines) == [str(number) for number in range(900, 1000)]


def test_after_a_break_nothing_is_lost_and_nothing_shown_twice():
    log = [Piece("stdout", b"line %d\n" % number, number // 2) for number in range(10)]
    for cut in range(len(log)):
        shown = []
        tail = Tail(shown.append)
        for piece in log[:cut]:
            tail.take(piece)
        since = tail.resume()
        for piece in log:
            if piece.position >= since:
                tail.take(piece)
        assert shown == [f"line {number}" for number in range(10)]


def test_a_line_that_the_break_cut_is_read_from_its_beginning():
    shown = []
    tail = Tail(shown.append)
    log = [Piece("stdout", b"first\n", 1), Piece("stdout", b"sec", 2), Piece("stdout", b"ond\n", 2)]
    for piece in log[:2]:
        tail.take(piece)
    since = tail.resume()
    for piece in log:
        if piece.position >= since:
            tail.take(piece)
    assert shown == ["first", "second"]


class Stream:
    """A log that breaks off a few times before it ends."""

    def __init__(self, log, breaks):
        self.log, self.breaks, self.ended = log, breaks, threading.Event()

    def read(self, since, follow):
        for number, piece in enumerate(self.log):
            if piece.position < since:
                continue
            if self.breaks and number == self.breaks[0]:
                self.breaks.pop(0)
                raise Unreachable("cut")
            yield piece
        if follow:
            self.ended.wait(5)


def test_the_pump_reads_on_when_the_stream_breaks():
    shown = []
    stream = Stream([Piece("stdout", b"%d\n" % number, number) for number in range(6)], breaks=[2, 4])
    pump = LogPump(stream.read, shown.append)
    pump.start()
    pump.stirred.wait(5)
    stream.ended.set()
    pump.drain(patience=3, limit=10)
    assert shown == [str(number) for number in range(6)]


def test_a_follower_that_hangs_is_replaced_by_one_last_read():
    shown = []
    hang = threading.Event()

    def read(_since, follow):
        yield Piece("stdout", b"one\n", 1)
        if follow:
            hang.wait(30)
        yield Piece("stdout", b"two\n", 2)

    pump = LogPump(read, shown.append)
    pump.start()
    pump.drain(patience=0.2, limit=5)
    hang.set()
    assert shown == ["one", "two"]
    assert pump.last_lines == ("one", "two")

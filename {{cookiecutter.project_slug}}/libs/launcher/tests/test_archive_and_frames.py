from __future__ import annotations

import base64
import io
import json
import tarfile

import pytest
from launcher.backends import archive, frames
from launcher.backends.base import Unreadable


def tar_of(*entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for entry, content in entries:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_packed_files_belong_to_the_task_user():
    packed = archive.pack({"in/params.json": b"{}", "secrets/KEY": b"x"}, user="1000:1001")
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        members = {member.name: member for member in tar}
    assert set(members) == {"in", "out", "work", "secrets", "in/params.json", "secrets/KEY"}
    assert {(member.uid, member.gid) for member in members.values()} == {(1000, 1001)}
    assert members["secrets/KEY"].mode == 0o400


@pytest.mark.parametrize(("bit", "kind"), [(31, "directory"), (27, "symlink"), (25, "fifo"), (24, "socket")])
def test_what_is_no_regular_file_is_refused_by_its_header(bit, kind):
    header = base64.b64encode(json.dumps({"mode": 1 << bit | 0o777, "size": 3}).encode()).decode()
    with pytest.raises(Unreadable, match=f"it is a {kind}, not a file"):
        archive.check(header, limit=10)


def test_what_is_too_large_is_refused_by_its_header():
    header = base64.b64encode(json.dumps({"mode": 0o644, "size": 2**40}).encode()).decode()
    with pytest.raises(Unreadable, match="1099511627776 bytes, the limit is 10"):
        archive.check(header, limit=10)


def test_one_file_is_unpacked():
    packed = tar_of((tarfile.TarInfo("result.json"), b"[1, 2]"))
    assert archive.unpack([packed[:100], packed[100:]], limit=10) == b"[1, 2]"


def test_an_endless_archive_is_cut_off():
    def endless():
        while True:
            yield b"x" * 65536

    with pytest.raises(Unreadable, match="larger than the limit"):
        archive.unpack(endless(), limit=10)


def test_hostile_archives_are_unreadable():
    link = tarfile.TarInfo("result.json")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for packed in (tar_of((link, b"")), b"not a tar" * 200, b""):
        with pytest.raises(Unreadable):
            archive.unpack([packed], limit=10)


def frame(stream, payload):
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


def test_frames_are_told_apart_however_they_arrive():
    log = frame(1, b"2026-11-21T08:40:01.000000001Z out\n") + frame(2, b"2026-11-21T08:40:01.5Z err\n")
    for size in (1, 3, 7, 1000):
        chunks = [log[start : start + size] for start in range(0, len(log), size)]
        found = list(frames.pieces(chunks))
        assert [(piece.stream, piece.data) for piece in found] == [("stdout", b"out\n"), ("stderr", b"err\n")]
        assert found[1].position - found[0].position == 499_999_999


@pytest.mark.parametrize(
    "stamp", ["2026-11-21T08:40:01Z", "2026-11-21T09:40:01+01:00", "2026-11-21T07:40:01.000000000-01:00"]
)
def test_time_stamps_of_any_zone(stamp):
    (piece,) = frames.pieces([frame(1, stamp.encode() + b" x\n")])
    assert piece.position == 1_795_250_401 * 10**9

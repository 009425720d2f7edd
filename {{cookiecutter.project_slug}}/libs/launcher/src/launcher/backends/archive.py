"""Files into and out of a container, as the engine's archive calls want them: tar."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import time
from collections.abc import Iterable, Mapping

from launcher.backends.base import Unreadable

FOLDERS = {"in": 0o755, "out": 0o755, "work": 0o755, "secrets": 0o700}

# Headers and padding of a tar with one file; nothing a task leaves needs more.
TAR_OVERHEAD = 64 * 1024

# Go's os.FileMode: directory, symlink, device, named pipe, socket, character device, irregular.
# https://pkg.go.dev/io/fs#FileMode
_NOT_REGULAR = {
    31: "directory",
    27: "symlink",
    26: "device",
    25: "fifo",
    24: "socket",
    21: "device",
    19: "irregular",
}


def pack(files: Mapping[str, bytes], *, user: str, folders: Mapping[str, int] = FOLDERS) -> bytes:
    """A tar with the folders and the files, owned by the numeric user, as uid:gid.

    A file in no folder is the launcher's own: it is root's, and the task can only read it.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, mode in folders.items():
            entry = _entry(name, mode, user)
            entry.type = tarfile.DIRTYPE
            tar.addfile(entry)
        for name, content in files.items():
            mode = 0o400 if name.startswith("secrets/") else 0o644
            entry = _entry(name, mode, user if "/" in name else "0:0")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def check(stat_header: str, *, limit: int) -> None:
    """Judge a file by the engine's stat header, before any of it is read. Raises Unreadable."""
    stat = json.loads(base64.b64decode(stat_header))
    mode, size = int(stat["mode"]), int(stat["size"])
    for bit, kind in _NOT_REGULAR.items():
        if mode & 1 << bit:
            raise Unreadable(f"it is a {kind}, not a file")
    if size > limit:
        raise Unreadable(f"it has {size} bytes, the limit is {limit} (LAUNCHER_RESULT_LIMIT)")


def unpack(chunks: Iterable[bytes], *, limit: int) -> bytes:
    """The one file of a tar. Raises Unreadable as soon as more comes than its stat header said."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        if len(buffer) > limit + TAR_OVERHEAD:
            raise Unreadable(f"it is larger than the limit of {limit} bytes")
    try:
        with tarfile.open(fileobj=io.BytesIO(buffer)) as tar:
            member = tar.next()
            content = tar.extractfile(member) if member is not None and member.isreg() else None
            if content is None:
                raise Unreadable("it is not a file")
            return content.read(limit + 1)
    except tarfile.TarError as error:
        raise Unreadable(f"the engine's archive of it is broken: {error}") from None


def _entry(name: str, mode: int, user: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    uid, _, gid = user.partition(":")
    entry.mode, entry.uid, entry.gid, entry.mtime = mode, int(uid), int(gid), time.time()
    return entry

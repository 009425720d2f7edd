"""Reads below `ARTIFACTS_URL`: a plain folder, or any URL that fsspec knows. Writes nothing.

A task writes there what it likes, links included, and the api-server can read what no task should show:
so nothing is read through a link, and nothing but regular files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
# Not blocking: opening a pipe that nobody writes to would wait for ever.
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class NotThereError(Exception):
    """There is no such file, or it is none that may be read."""


@dataclass(frozen=True)
class Found:
    """An open file; `version` changes whenever its content does."""

    stream: IO[bytes]
    size: int
    version: str


class Store(Protocol):
    """Where tasks keep executed notebooks."""

    def open(self, path: str) -> Found:
        """Open one file for reading, or raise NotThereError. Who opens it closes its stream."""

    def find(self, path: str, name: str, depth: int) -> list[str]:
        """The files of that name that stand so many folders below a folder, as paths from that folder on."""


def open_store(url: str) -> Store:
    """The store for a folder's path or a URL."""
    if "://" not in url:
        return FolderStore(Path(url))
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    filesystem, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
    return FolderStore(Path(path)) if isinstance(filesystem, LocalFileSystem) else UrlStore(filesystem, path)


class FolderStore:
    """A folder, such as a mounted volume."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, path: str) -> Found:
        """Open each folder inside the last one, so that no link is followed on the way."""
        folder, _, name = path.rpartition("/")
        try:
            with self._folder(folder) as parent:
                descriptor = os.open(name, FILE_FLAGS, dir_fd=parent)
        except OSError as error:
            raise NotThereError(f"{path}: {error.strerror}") from None
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise NotThereError(f"{path}: not a regular file")
        version = f"{found.st_mtime_ns:x}-{found.st_ino:x}-{found.st_size:x}"
        return Found(os.fdopen(descriptor, "rb"), found.st_size, version)

    def find(self, path: str, name: str, depth: int) -> list[str]:
        """Look into folders, not into links to such."""
        if depth == 0:
            return [name] if name in self._names(path, folders=False) else []
        return [
            f"{folder}/{found}"
            for folder in self._names(path, folders=True)
            for found in self.find(f"{path}/{folder}", name, depth - 1)
        ]

    def _names(self, path: str, *, folders: bool) -> list[str]:
        try:
            with self._folder(path) as folder, os.scandir(folder) as entries:
                return sorted(
                    entry.name
                    for entry in entries
                    if (entry.is_dir if folders else entry.is_file)(follow_symlinks=False)
                )
        except OSError:
            return []

    @contextmanager
    def _folder(self, path: str) -> Iterator[int]:
        # The root itself may be a link: an administrator chose it.
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for name in path.split("/"):
                inner = os.open(name, FOLDER_FLAGS, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)


class UrlStore:
    """S3 and the like, through fsspec."""

    def __init__(self, filesystem: AbstractFileSystem, root: str) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")

    def open(self, path: str) -> Found:
        """Open one object."""
        location = f"{self._root}/{path}"
        try:
            found = self._filesystem.info(location)
            if found["type"] != "file" or found.get("islink"):
                raise NotThereError(f"{path}: not a regular file")
            stream = self._filesystem.open(location, "rb")
        except OSError as error:
            raise NotThereError(f"{path}: {error}") from None
        return Found(stream, int(found["size"]), _version(found))

    def find(self, path: str, name: str, depth: int) -> list[str]:
        """One listing of all there is below a prefix."""
        prefix = f"{self._root}/{path}/"
        try:
            found = self._filesystem.find(prefix)
        except OSError:
            return []
        below = (location.rpartition(prefix.lstrip("/"))[2] for location in found)
        return sorted(each for each in below if each.count("/") == depth and each.endswith(f"/{name}"))


def _version(found: dict[str, Any]) -> str:
    known = (found.get(key) for key in ("ETag", "etag", "mtime", "LastModified", "created", "size"))
    return "-".join(str(value) for value in known if value is not None)

"""Writes below `ARTIFACTS_URL`: a plain folder, or any URL that fsspec knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .errors import TaskError
from .json_files import write_bytes

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class StoreError(TaskError):
    """The artifact store did not take the file; another try may find it back."""


class Store(Protocol):
    """Somewhere to keep files; `interval` is how many seconds a repeated write should wait."""

    interval: float

    def write(self, path: str, content: bytes) -> None:
        """Write one file whole, or raise StoreError."""

    def location(self, path: str) -> str:
        """Return where a person finds the file."""


def open_store(url: str) -> Store:
    """Return the store for a folder's path or a URL."""
    return UrlStore(url) if "://" in url else FolderStore(Path(url))


class FolderStore:
    """A folder, such as a mounted volume."""

    interval = 2.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, path: str, content: bytes) -> None:
        """Write beside and rename: no reader sees half a file."""
        target = self._folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(target, content)
        except OSError as error:
            raise StoreError(
                f"cannot write {target}: {error.strerror}. Is ARTIFACTS_URL right and writable?"
            ) from error

    def location(self, path: str) -> str:
        """Return the file's path."""
        return str(self._folder / path)


class UrlStore:
    """S3 and the like, through fsspec; an object appears when it is complete."""

    interval = 30.0

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def write(self, path: str, content: bytes) -> None:
        """Write one object."""
        location = self.location(path)
        try:
            import fsspec

            filesystem, target = fsspec.core.url_to_fs(location)
            _put(filesystem, target, content)
        except Exception as error:  # each filesystem has its own family of errors
            raise StoreError(
                f"cannot write {location}: {error!r}. Is ARTIFACTS_URL right and writable?"
            ) from error

    def location(self, path: str) -> str:
        """Return the file's URL."""
        return f"{self._url}/{path}"


def _put(filesystem: AbstractFileSystem, target: str, content: bytes) -> None:
    try:
        filesystem.pipe_file(target, content)
    except FileNotFoundError:
        # folders, unlike buckets, have to be made
        filesystem.makedirs(target.rpartition("/")[0], exist_ok=True)
        filesystem.pipe_file(target, content)

"""What a file service serves: nodes that are directories or files, wherever they lie.

Whoever gets a node from `share`, `find` or a function that makes one has to `close` it.  Operations
raise `ZxError`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import NamedTuple, Self

from zxio_py import abi
from zxio_py.fidl.library.io_types import MAX_FILENAME, MAX_PATH, DirentType, NodeAttributes
from zxio_py.kernel.errors import ZxError

#: Most bytes of a path.
_LONGEST_PATH = MAX_PATH - 1


class Entry(NamedTuple):
    """An entry of a directory; the name need not be UTF-8."""

    name: bytes
    inode: int
    type: DirentType


class Node(ABC):
    """A node, which two connections may have at once."""

    @property
    @abstractmethod
    def identity(self) -> Hashable:
        """Equal for the same node, and only for it, while it is open."""

    @abstractmethod
    def share(self) -> Self:
        """The same node for someone else."""

    @abstractmethod
    def close(self) -> None:
        """Whoever had this one does not need it any more."""

    @abstractmethod
    def attributes(self) -> NodeAttributes:
        """Mode, sizes in bytes, times in nanoseconds since 1970."""

    @abstractmethod
    def set_times(self, creation: int | None, modification: int | None) -> None:
        """Set the times that are given."""

    @abstractmethod
    def sync(self) -> None:
        """Return when it is kept as well as it can be."""


class File(Node):
    """A file."""

    @abstractmethod
    def read(self, offset: int, count: int) -> bytes:
        """At most *count* bytes; none behind the end."""

    @abstractmethod
    def write(self, offset: int, data: bytes) -> int:
        """Write, growing if needed; the bytes written."""

    @abstractmethod
    def size(self) -> int:
        """Bytes of its contents."""

    @abstractmethod
    def resize(self, length: int) -> None:
        """Cut it, or make it longer with zeros."""

    @abstractmethod
    def memory(self, flags: int) -> int:
        """A VMO with its contents, by VmoFlags that do not contradict one another."""

    def stream(self, mode: int) -> int | None:
        """A stream of its bytes with a seek offset of its own, by ZX_STREAM_MODE_."""
        return None

    def observer(self) -> int | None:
        """An event with FileSignal, for a client."""
        return None


class Directory(Node):
    """A directory.  Names are of one component: `check_name` has seen them."""

    @abstractmethod
    def find(self, name: str, writable: bool) -> Node:
        """A child, to be written as well if *writable*.  NOT_FOUND."""

    @abstractmethod
    def make_file(self, name: str) -> File:
        """A new empty file, to be written as well.  ALREADY_EXISTS."""

    @abstractmethod
    def make_directory(self, name: str) -> Directory:
        """A new empty directory.  ALREADY_EXISTS."""

    @abstractmethod
    def entries(self) -> list[Entry]:
        """All that is in it, without itself."""

    @abstractmethod
    def remove(self, name: str, must_be_directory: bool) -> None:
        """Take a child away.  NOT_FOUND, NOT_DIR, NOT_EMPTY."""

    @abstractmethod
    def move(self, source: str, directory: Directory, name: str) -> bool:
        """Move a child into a directory of the same tree; whether this replaced another.

        NOT_FOUND; INVALID_ARGS into itself; NOT_DIR, NOT_FILE, NOT_EMPTY of what is there.
        """

    @abstractmethod
    def link(self, source: str, directory: Directory, name: str) -> None:
        """Give a file one more name.  NOT_FOUND, NOT_FILE, ALREADY_EXISTS."""


def check_name(name: str) -> None:
    """Refuse what cannot be a name in a directory: INVALID_ARGS; BAD_PATH for one too long."""
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if len(name.encode()) > MAX_FILENAME:
        raise ZxError(abi.ZX_ERR_BAD_PATH)


def split_path(path: str) -> tuple[list[str], bool]:
    """The names of a path, and whether it has to lead to a directory; "." alone is no name.

    One slash may stand before the first name and one behind the last.
    """
    if len(path.encode()) > _LONGEST_PATH:
        raise ZxError(abi.ZX_ERR_BAD_PATH)
    if path in (".", "/"):
        return [], False
    directory = path.endswith("/")
    names = path.removeprefix("/").removesuffix("/").split("/")
    for name in names:
        check_name(name)
    return names, directory

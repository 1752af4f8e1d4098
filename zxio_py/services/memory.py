"""A tree in memory: a file is a VMO, which clients may get a stream of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from time import time_ns
from typing import Self

from zxio_py import abi
from zxio_py.fidl.library.io_types import (
    MODE_TYPE_DIRECTORY,
    MODE_TYPE_FILE,
    DirentType,
    NodeAttributes,
    VmoFlags,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.services.tree import Directory, Entry, File, Node
from zxio_py.zxio.system import System
from zxio_py.zxio.vector import Entries

_MODE_FILE = MODE_TYPE_FILE | 0o600
_MODE_DIRECTORY = MODE_TYPE_DIRECTORY | 0o700
_STREAM_MODES = abi.ZX_STREAM_MODE_READ | abi.ZX_STREAM_MODE_WRITE


class _Volume:
    """What the nodes of a tree share."""

    def __init__(self, system: System, streams: bool) -> None:
        self.system = system
        self.streams = streams
        self.inodes: Iterator[int] = count(1)


class _MemoryNode(Node):
    """A node is there while it has a name or is open."""

    mode: int

    def __init__(self, volume: _Volume) -> None:
        self._volume = volume
        self.inode = next(volume.inodes)
        self.created = self.modified = time_ns()
        self.links = 0
        self._open = 1

    @property
    def identity(self) -> int:
        return self.inode

    def share(self) -> Self:
        self._open += 1
        return self

    def close(self) -> None:
        self._open -= 1
        self._end_if_unused()

    def unlink(self) -> None:
        """One of its names is gone."""
        self.links -= 1
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        if not self._open and not self.links:
            self.end()

    def end(self) -> None:
        """Nobody can come to it any more."""

    def content_size(self) -> int:
        """Bytes that it reports."""
        return 0

    def attributes(self) -> NodeAttributes:
        size = self.content_size()
        return NodeAttributes(
            self.mode, self.inode, size, size, self.links, self.created, self.modified
        )

    def set_times(self, creation: int | None, modification: int | None) -> None:
        self.created = self.created if creation is None else creation
        self.modified = self.modified if modification is None else modification

    def sync(self) -> None:
        """Memory is as well kept as it can be."""


class MemoryFile(_MemoryNode, File):
    """A file over a VMO."""

    mode = _MODE_FILE

    def __init__(self, volume: _Volume) -> None:
        super().__init__(volume)
        system = volume.system
        self._vmo = system.vmo_create(0, abi.ZX_VMO_RESIZABLE)
        self._stream = system.stream_create(_STREAM_MODES, self._vmo, 0)

    def end(self) -> None:
        self._volume.system.handle_close(self._stream)
        self._volume.system.handle_close(self._vmo)

    def size(self) -> int:
        return self._volume.system.object_get_content_size(self._vmo)

    def content_size(self) -> int:
        return self.size()

    def read(self, offset: int, count: int) -> bytes:
        room = bytearray(count)
        vector = Entries([(room, count)])
        actual = self._volume.system.stream_readv_at(self._stream, offset, vector)
        return bytes(room[:actual])

    def write(self, offset: int, data: bytes) -> int:
        self.modified = time_ns()
        vector = Entries([(data, len(data))])
        return self._volume.system.stream_writev_at(self._stream, offset, vector)

    def resize(self, length: int) -> None:
        self.modified = time_ns()
        self._volume.system.vmo_set_size(self._vmo, length)

    def stream(self, mode: int) -> int | None:
        if not self._volume.streams:
            return None
        return self._volume.system.stream_create(mode, self._vmo, 0)

    def memory(self, flags: int) -> int:
        """A snapshot, or with SHARED_BUFFER the very memory, which cannot be executed."""
        system = self._volume.system
        rights = abi.ZX_RIGHTS_BASIC | abi.ZX_RIGHT_MAP | abi.ZX_RIGHT_GET_PROPERTY
        rights |= abi.ZX_RIGHT_READ if flags & VmoFlags.READ else 0
        rights |= abi.ZX_RIGHT_WRITE if flags & VmoFlags.WRITE else 0
        executable = bool(flags & VmoFlags.EXECUTE)
        if flags & VmoFlags.SHARED_BUFFER:
            if executable:
                raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
            return system.handle_duplicate(self._vmo, rights)
        options = abi.ZX_VMO_CHILD_SNAPSHOT
        if executable:
            options |= abi.ZX_VMO_CHILD_NO_WRITE
            rights |= abi.ZX_RIGHT_EXECUTE
        child = system.vmo_create_child(self._vmo, options, 0, self.size())
        if executable:
            child = system.vmo_replace_as_executable(child)
        return system.handle_replace(child, rights | abi.ZX_RIGHT_SET_PROPERTY)


class MemoryDirectory(_MemoryNode, Directory):
    """A directory; its children in the order of their making."""

    mode = _MODE_DIRECTORY

    def __init__(self, volume: _Volume) -> None:
        super().__init__(volume)
        self._parent: MemoryDirectory | None = None
        self._children: dict[str, MemoryFile | MemoryDirectory] = {}

    @classmethod
    def root(cls, system: System, *, streams: bool = True) -> MemoryDirectory:
        """An empty tree; with *streams*, clients get streams of the files they open."""
        root = cls(_Volume(system, streams))
        root.links = 1
        return root

    def find(self, name: str, writable: bool) -> Node:
        return self._child(name).share()

    def _child(self, name: str) -> MemoryFile | MemoryDirectory:
        child = self._children.get(name)
        if child is None:
            raise ZxError(abi.ZX_ERR_NOT_FOUND)
        return child

    def make_file(self, name: str) -> File:
        self._check_free(name)
        file = MemoryFile(self._volume)
        self._put(name, file)
        return file

    def make_directory(self, name: str) -> Directory:
        self._check_free(name)
        directory = MemoryDirectory(self._volume)
        self._put(name, directory)
        return directory

    def _check_free(self, name: str) -> None:
        """ALREADY_EXISTS; NOT_FOUND in a directory that was removed."""
        if name in self._children:
            raise ZxError(abi.ZX_ERR_ALREADY_EXISTS)
        if not self.links:
            raise ZxError(abi.ZX_ERR_NOT_FOUND)

    def _put(self, name: str, child: MemoryFile | MemoryDirectory) -> None:
        child.links += 1
        if isinstance(child, MemoryDirectory):
            child._parent = self
        self._children[name] = child
        self.modified = time_ns()

    def _take(self, name: str) -> None:
        self._children.pop(name).unlink()
        self.modified = time_ns()

    def entries(self) -> list[Entry]:
        return [
            Entry(
                name.encode(),
                child.inode,
                DirentType.DIRECTORY if isinstance(child, Directory) else DirentType.FILE,
            )
            for name, child in self._children.items()
        ]

    def remove(self, name: str, must_be_directory: bool) -> None:
        child = self._child(name)
        if isinstance(child, MemoryDirectory):
            child._check_empty()
        elif must_be_directory:
            raise ZxError(abi.ZX_ERR_NOT_DIR)
        self._take(name)

    def _check_empty(self) -> None:
        if self._children:
            raise ZxError(abi.ZX_ERR_NOT_EMPTY)

    def move(self, source: str, directory: Directory, name: str) -> bool:
        assert isinstance(directory, MemoryDirectory)  # of the same tree
        child = self._child(source)
        if isinstance(child, MemoryDirectory) and directory._is_within(child):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        there = directory._children.get(name)
        if there is None:
            directory._check_free(name)
        elif there is child:
            return False
        else:
            _check_replaceable(child, there)
            directory._take(name)
        directory._put(name, child)
        self._take(source)
        return there is not None

    def _is_within(self, other: MemoryDirectory) -> bool:
        here: MemoryDirectory | None = self
        while here is not None and here is not other:
            here = here._parent
        return here is other

    def link(self, source: str, directory: Directory, name: str) -> None:
        assert isinstance(directory, MemoryDirectory)  # of the same tree
        child = self._child(source)
        if isinstance(child, MemoryDirectory):
            raise ZxError(abi.ZX_ERR_NOT_FILE)
        directory._check_free(name)
        directory._put(name, child)


def _check_replaceable(
    child: MemoryFile | MemoryDirectory, there: MemoryFile | MemoryDirectory
) -> None:
    """A directory takes only the place of an empty directory, a file only that of a file."""
    if isinstance(there, MemoryDirectory):
        if not isinstance(child, MemoryDirectory):
            raise ZxError(abi.ZX_ERR_NOT_FILE)
        there._check_empty()
    elif isinstance(child, MemoryDirectory):
        raise ZxError(abi.ZX_ERR_NOT_DIR)

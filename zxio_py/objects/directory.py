"""Directories: what is in them, as objects and as Python files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Literal, NamedTuple, TypeAlias

from zxio_py import abi
from zxio_py.abi import zxio as constants
from zxio_py.fidl.library.io_types import MODE_TYPE_DIRECTORY, OpenFlags
from zxio_py.kernel.errors import ZxError
from zxio_py.objects.file import Opened, open_object
from zxio_py.objects.flags import Protocols
from zxio_py.objects.object import Object, check, value
from zxio_py.zxio import zxio
from zxio_py.zxio.directory import AT_REMOVEDIR, is_directory
from zxio_py.zxio.ops import Storage
from zxio_py.zxio.types import Dirent, DirentIterator

#: How a file is opened, as with the built-in `open`; "b" may stand behind.
FileMode: TypeAlias = Literal["r", "w", "x", "a", "r+", "rb", "wb", "xb", "ab", "r+b"]

_READ = OpenFlags.RIGHT_READABLE
_WRITE = OpenFlags.RIGHT_WRITABLE
_NEW = OpenFlags.CREATE | OpenFlags.CREATE_IF_ABSENT

#: Flags of a mode, and the mode of the object that it gives.
_FILE_MODES = {
    "r": (_READ, "r"),
    "w": (_WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE, "w"),
    "x": (_WRITE | _NEW, "w"),
    "a": (_WRITE | OpenFlags.CREATE | OpenFlags.APPEND, "w"),
    "r+": (_READ | _WRITE, "r+"),
}


class WatchEvent(IntEnum):
    """What a watcher of a directory is told (zxio_watch_directory_event_t)."""

    ADDED = constants.ZXIO_WATCH_EVENT_ADD_FILE
    REMOVED = constants.ZXIO_WATCH_EVENT_REMOVE_FILE
    #: All that was there has been told.
    WAITING = constants.ZXIO_WATCH_EVENT_WAITING


class DirectoryEntry(NamedTuple):
    """An entry of a directory: names that are not UTF-8 have surrogates, as in `os`."""

    name: str
    protocols: Protocols
    #: Its inode.
    id: int

    @property
    def is_directory(self) -> bool:
        """Whether it can be opened as a directory."""
        return bool(self.protocols & Protocols.DIRECTORY)


class Directory(Object):
    """A directory behind a server.

    Paths are relative to it, of ``str``; the parts of a path are at most 255 bytes, a path 4095.
    `ValueError` for a path with a NUL, `ZxError` for what the server refuses.
    """

    def __iter__(self) -> Iterator[DirectoryEntry]:
        """The entries, without the directory itself; only one walk at a time."""
        walk = DirentIterator()
        check(zxio.zxio_dirent_iterator_init(walk, self.io))
        try:
            while True:
                entry = Dirent(bytearray(constants.ZXIO_MAX_FILENAME))
                status = zxio.zxio_dirent_iterator_next(walk, entry)
                if status == abi.ZX_ERR_NOT_FOUND:
                    return
                check(status)
                assert entry.name is not None
                name = bytes(entry.name[: entry.name_length]).decode(errors="surrogateescape")
                if name != ".":
                    yield DirectoryEntry(name, Protocols(entry.protocols or 0), entry.id or 0)
        finally:
            zxio.zxio_dirent_iterator_destroy(walk)

    def names(self) -> list[str]:
        """The names of all entries, sorted."""
        return sorted(entry.name for entry in self)

    # ---- opening -----------------------------------------------------------------------------

    def open_node(self, path: str, flags: int, mode: int = 0) -> Object:
        """Open with OpenFlags of fuchsia.io, and wait for the server to say what it is."""
        data = _encode(path)
        storage = Storage(self.client.system)
        check(zxio.zxio_open(self.io, flags, mode, data, len(data), storage))
        return (
            Directory(self.client, storage)
            if is_directory(storage.io)
            else Object(self.client, storage)
        )

    def open_async(self, path: str, flags: int, mode: int = 0) -> int:
        """Open without waiting: a channel, for `Client.wrap` or `Client.on_open` later."""
        data = _encode(path)
        near, far = self.client.system.channel_create()
        status = zxio.zxio_open_async(self.io, flags, mode, data, len(data), far)
        if status != abi.ZX_OK:
            self.client.system.handle_close(near)
        check(status)
        return near

    def open_file(self, path: str, mode: FileMode = "r", encoding: str | None = None) -> Opened:
        """A Python file, as the built-in `open` gives one; `ValueError` for any other mode."""
        found = _FILE_MODES.get(mode.removesuffix("b"))
        if found is None or (mode.endswith("b") and encoding is not None):
            raise ValueError(f"no mode of a file: {mode!r}, encoding {encoding!r}")
        flags, object_mode = found
        target = self.open_node(path, flags | OpenFlags.NOT_DIRECTORY)
        return open_object(target, object_mode + "b" * mode.endswith("b"), encoding)

    def open_directory(self, path: str, *, create: bool = False) -> Directory:
        """A directory below, with all rights that this one has; made if *create*."""
        flags = OpenFlags.DIRECTORY | OpenFlags.RIGHT_READABLE | OpenFlags.POSIX_WRITABLE
        if create:
            flags |= OpenFlags.CREATE
        opened = self.open_node(path, flags, MODE_TYPE_DIRECTORY)
        assert isinstance(opened, Directory)  # as the flags demand
        return opened

    def make_directory(self, path: str) -> None:
        """Make a directory that is not there yet."""
        flags = _READ | _NEW | OpenFlags.DIRECTORY
        self.open_node(path, flags, MODE_TYPE_DIRECTORY).close()

    # ---- changing ----------------------------------------------------------------------------

    def unlink(self, name: str, *, directory: bool = False) -> None:
        """Remove a file or an empty directory; with *directory* nothing but the latter."""
        data = _encode(name)
        check(zxio.zxio_unlink(self.io, data, len(data), AT_REMOVEDIR if directory else 0))

    def rename(self, name: str, directory: Directory, new_name: str) -> None:
        """Move a child into *directory*, in the place of what has the name there."""
        old, new = _encode(name), _encode(new_name)
        token = value(zxio.zxio_token_get(directory.io))
        check(zxio.zxio_rename(self.io, old, len(old), token, new, len(new)))

    def link(self, name: str, directory: Directory, new_name: str) -> None:
        """Give a file one more name, in *directory*."""
        old, new = _encode(name), _encode(new_name)
        token = value(zxio.zxio_token_get(directory.io))
        check(zxio.zxio_link(self.io, old, len(old), token, new, len(new)))

    # ---- watching ----------------------------------------------------------------------------

    def watch(
        self, tell: Callable[[WatchEvent, str], bool], deadline: int = abi.ZX_TIME_INFINITE
    ) -> None:
        """Call *tell* with what happens to names, until it answers False.

        First come those that are there, "." among them, then WAITING.  *deadline* is a time of the
        monotonic clock, in ns; past it is ZX_ERR_TIMED_OUT.
        """

        def callback(event: int, name: bytes) -> int:
            wanted = tell(WatchEvent(event), name.decode(errors="surrogateescape"))
            return abi.ZX_OK if wanted else abi.ZX_ERR_STOP

        status = zxio.zxio_watch_directory(self.io, callback, deadline)
        if status != abi.ZX_ERR_STOP:
            raise ZxError(status)


def _encode(path: str) -> bytes:
    """A path as it is sent; `ValueError` for one that no file system takes."""
    if "\0" in path:
        raise ValueError("embedded null character in a path")
    return path.encode(errors="surrogateescape")

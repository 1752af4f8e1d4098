"""A directory of the host, passed through: what lies below it, and nothing else.

A name is looked up in an open directory, one component at a time, and a link is never followed:
neither ``..`` nor a symbolic link nor a change while a path is walked leads out.  What is neither a
file nor a directory is listed, can be removed and renamed, and is not opened (NOT_SUPPORTED).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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

_STATUSES = {
    errno.ENOENT: abi.ZX_ERR_NOT_FOUND,
    errno.EEXIST: abi.ZX_ERR_ALREADY_EXISTS,
    errno.ENOTDIR: abi.ZX_ERR_NOT_DIR,
    errno.EISDIR: abi.ZX_ERR_NOT_FILE,
    errno.ENOTEMPTY: abi.ZX_ERR_NOT_EMPTY,
    errno.EACCES: abi.ZX_ERR_ACCESS_DENIED,
    errno.EPERM: abi.ZX_ERR_ACCESS_DENIED,
    errno.EROFS: abi.ZX_ERR_ACCESS_DENIED,
    errno.EINVAL: abi.ZX_ERR_INVALID_ARGS,
    errno.EBUSY: abi.ZX_ERR_UNAVAILABLE,
    errno.ENAMETOOLONG: abi.ZX_ERR_BAD_PATH,
    errno.ELOOP: abi.ZX_ERR_NOT_SUPPORTED,
    errno.EXDEV: abi.ZX_ERR_NOT_SUPPORTED,
    errno.ENOSPC: abi.ZX_ERR_NO_SPACE,
    errno.EDQUOT: abi.ZX_ERR_NO_SPACE,
    errno.EFBIG: abi.ZX_ERR_FILE_BIG,
    errno.EMFILE: abi.ZX_ERR_NO_RESOURCES,
    errno.ENFILE: abi.ZX_ERR_NO_RESOURCES,
    errno.ENOMEM: abi.ZX_ERR_NO_MEMORY,
}

#: Of every open: never follow a link, never wait for the other end of a pipe.
_SAFELY = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AS_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | _SAFELY

_LARGEST_OFFSET = (1 << 63) - 1

#: Most bytes of a file that is had as memory: any client can make a file long.
_LARGEST_COPY = 1 << 28


@contextmanager
def _statuses() -> Iterator[None]:
    """Say the host's errors as statuses; IO for those that have no name here."""
    try:
        yield
    except OSError as error:
        raise ZxError(_STATUSES.get(error.errno or 0, abi.ZX_ERR_IO)) from error


class _HostNode(Node):
    """A node that is held by an open descriptor."""

    type_bits: int

    def __init__(self, fd: int, system: System) -> None:
        self.fd = fd
        self._system = system
        status = os.fstat(fd)
        self._identity = (status.st_dev, status.st_ino)

    @property
    def identity(self) -> tuple[int, int]:
        return self._identity

    def share(self) -> Self:
        with _statuses():
            return type(self)(os.dup(self.fd), self._system)

    def close(self) -> None:
        os.close(self.fd)

    def attributes(self) -> NodeAttributes:
        with _statuses():
            status = os.fstat(self.fd)
        return NodeAttributes(
            self.type_bits | status.st_mode & 0o777,
            status.st_ino,
            status.st_size,
            status.st_blocks * 512,
            status.st_nlink,
            max(status.st_ctime_ns, 0),
            max(status.st_mtime_ns, 0),
        )

    def set_times(self, creation: int | None, modification: int | None) -> None:
        """The host keeps no time of creation that could be set."""
        if modification is not None:
            with _statuses():
                try:
                    os.utime(self.fd, ns=(os.fstat(self.fd).st_atime_ns, modification))
                except OverflowError:
                    raise ZxError(abi.ZX_ERR_INVALID_ARGS) from None

    def sync(self) -> None:
        with _statuses():
            os.fsync(self.fd)


class HostFile(_HostNode, File):
    """A file."""

    type_bits = MODE_TYPE_FILE

    def read(self, offset: int, count: int) -> bytes:
        if offset > _LARGEST_OFFSET:
            return b""
        with _statuses():
            return os.pread(self.fd, count, offset)

    def write(self, offset: int, data: bytes) -> int:
        if offset > _LARGEST_OFFSET:
            raise ZxError(abi.ZX_ERR_FILE_BIG)
        with _statuses():
            return os.pwrite(self.fd, data, offset)

    def size(self) -> int:
        with _statuses():
            return os.fstat(self.fd).st_size

    def resize(self, length: int) -> None:
        if length > _LARGEST_OFFSET:
            raise ZxError(abi.ZX_ERR_FILE_BIG)
        with _statuses():
            os.ftruncate(self.fd, length)

    def memory(self, flags: int) -> int:
        """A copy: the host's own memory cannot be shared, nor executed.

        NO_MEMORY above 256 MiB.
        """
        if flags & (VmoFlags.SHARED_BUFFER | VmoFlags.EXECUTE):
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        size = self.size()
        if size > _LARGEST_COPY:
            raise ZxError(abi.ZX_ERR_NO_MEMORY)
        vmo = self._system.vmo_create(size)
        try:
            self._system.vmo_write(vmo, self.read(0, size), 0)
        except ZxError:
            self._system.handle_close(vmo)
            raise
        rights = abi.ZX_RIGHTS_BASIC | abi.ZX_RIGHTS_PROPERTY | abi.ZX_RIGHT_MAP
        rights |= abi.ZX_RIGHT_READ if flags & VmoFlags.READ else 0
        rights |= abi.ZX_RIGHT_WRITE if flags & VmoFlags.WRITE else 0
        return self._system.handle_replace(vmo, rights)


class HostDirectory(_HostNode, Directory):
    """A directory."""

    type_bits = MODE_TYPE_DIRECTORY

    @classmethod
    def at(cls, path: str | Path, system: System) -> HostDirectory:
        """The directory at *path*, as the root of a tree; `OSError` if it is none."""
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), system)

    def find(self, name: str, writable: bool) -> Node:
        with _statuses():
            mode = os.stat(name.encode(), dir_fd=self.fd, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                return HostDirectory(self._open(name, _AS_DIRECTORY), self._system)
            if not stat.S_ISREG(mode):
                raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
            access = os.O_RDWR if writable else os.O_RDONLY
            file = HostFile(self._open(name, access | _SAFELY), self._system)
            if not stat.S_ISREG(os.fstat(file.fd).st_mode):
                file.close()  # another one took its place
                raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
            return file

    def _open(self, name: str, flags: int) -> int:
        return os.open(name.encode(), flags, 0o666, dir_fd=self.fd)

    def make_file(self, name: str) -> File:
        with _statuses():
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFELY
            return HostFile(self._open(name, flags), self._system)

    def make_directory(self, name: str) -> Directory:
        with _statuses():
            os.mkdir(name.encode(), dir_fd=self.fd)
            return HostDirectory(self._open(name, _AS_DIRECTORY), self._system)

    def entries(self) -> list[Entry]:
        with _statuses(), os.scandir(self.fd) as found:
            return [Entry(os.fsencode(e.name), e.inode(), _dirent_type(e)) for e in found]

    def remove(self, name: str, must_be_directory: bool) -> None:
        with _statuses():
            if must_be_directory or self._is_directory(name):
                os.rmdir(name.encode(), dir_fd=self.fd)
            else:
                os.unlink(name.encode(), dir_fd=self.fd)

    def _is_directory(self, name: str) -> bool:
        status = os.stat(name.encode(), dir_fd=self.fd, follow_symlinks=False)
        return stat.S_ISDIR(status.st_mode)

    def move(self, source: str, directory: Directory, name: str) -> bool:
        assert isinstance(directory, HostDirectory)  # of the same tree
        with _statuses():
            replaces = directory._has(name) and (self.fd, source) != (directory.fd, name)
            os.rename(source.encode(), name.encode(), src_dir_fd=self.fd, dst_dir_fd=directory.fd)
            return replaces

    def _has(self, name: str) -> bool:
        try:
            os.stat(name.encode(), dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def link(self, source: str, directory: Directory, name: str) -> None:
        assert isinstance(directory, HostDirectory)  # of the same tree
        with _statuses():
            status = os.stat(source.encode(), dir_fd=self.fd, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode):
                raise ZxError(abi.ZX_ERR_NOT_FILE)
            os.link(
                source.encode(),
                name.encode(),
                src_dir_fd=self.fd,
                dst_dir_fd=directory.fd,
                follow_symlinks=False,
            )


def _dirent_type(entry: os.DirEntry[str]) -> DirentType:
    if entry.is_dir(follow_symlinks=False):
        return DirentType.DIRECTORY
    return DirentType.FILE if entry.is_file(follow_symlinks=False) else DirentType.UNKNOWN

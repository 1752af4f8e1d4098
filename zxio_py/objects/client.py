"""Where objects live: a process of an emulated machine."""

from __future__ import annotations

from typing import cast

from zxio_py import abi
from zxio_py.closing import Closing
from zxio_py.kernel import Door, Kernel, ZxError
from zxio_py.objects.directory import Directory
from zxio_py.objects.object import Object, check
from zxio_py.zxio import (
    System,
    zxio_create,
    zxio_create_with_on_open,
    zxio_get_ops,
    zxio_null_init,
)
from zxio_py.zxio.directory import is_directory
from zxio_py.zxio.ops import Ops, Storage, zxio_init


class Client(Closing):
    """A process that makes objects; `with` ends it, and all that it holds."""

    def __init__(self, kernel: Kernel | None = None, name: str = "zxio") -> None:
        """A new process on *kernel*, without one on a machine of its own."""
        self.kernel = kernel or Kernel()
        self.process = self.kernel.create_process(name)
        thread = self.process.create_thread("main")
        self.system = System(thread)
        #: The process's system calls as methods.
        self.zx = Door(self.process, thread)

    def close(self) -> None:
        """End the process: its handles are closed, its objects are of no use any more."""
        self.process.kill(0)

    def wrap(self, handle: int) -> Object:
        """The object for a handle, which is consumed in every case; a `Directory` for one.

        What is behind a channel its server is asked, and waited for.

        A handle of a type that zxio does not know gives an object that can be released or closed.
        """
        storage = Storage(self.system)
        status = zxio_create(handle, storage)
        made = zxio_get_ops(storage.io) is not None
        if status == abi.ZX_OK or (status == abi.ZX_ERR_NOT_SUPPORTED and made):
            return self._object(storage)
        raise ZxError(status)

    def on_open(self, channel: int) -> Object:
        """The object that the server's first event on *channel* describes; it is consumed."""
        storage = Storage(self.system)
        check(zxio_create_with_on_open(channel, storage))
        return self._object(storage)

    def directory(self, channel: int) -> Directory:
        """The directory behind *channel*, which is consumed; ZX_ERR_NOT_DIR for anything else."""
        found = self.wrap(channel)
        if not isinstance(found, Directory):
            found.close()
            raise ZxError(abi.ZX_ERR_NOT_DIR)
        return found

    def _object(self, storage: Storage) -> Object:
        return Directory(self, storage) if is_directory(storage.io) else Object(self, storage)

    def adopt(self, ops: Ops, state: object) -> Object:
        """An object of the caller's own type: its operations find *state* in ``io.state``."""
        storage = Storage(self.system)
        zxio_init(storage.io, ops)
        storage.io.state = state
        return Object(self, storage)

    def null(self) -> Object:
        """An object that reads nothing and swallows what is written."""
        storage = Storage(self.system)
        zxio_null_init(storage.io)
        return Object(self, storage)

    def pipe(self, *, datagram: bool = False) -> tuple[Object, Object]:
        """Both ends of a stream of bytes, or of a sequence of datagrams."""
        ends = self.zx.socket_create(abi.ZX_SOCKET_DATAGRAM if datagram else 0)
        first, second = cast("tuple[int, int]", ends)
        return self.wrap(first), self.wrap(second)

    def memory(self, contents: bytes | int, *, resizable: bool = False) -> Object:
        """A file in memory: of these contents, or of so many zeros."""
        size = contents if isinstance(contents, int) else len(contents)
        options = abi.ZX_VMO_RESIZABLE if resizable else 0
        vmo = cast("int", self.zx.vmo_create(size, options))
        if isinstance(contents, bytes):
            self.zx.vmo_write(vmo, contents, 0)
        return self.wrap(vmo)

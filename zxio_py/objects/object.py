"""Any zxio object, with the operations of the interface as methods.

What a type does not have it refuses as in C: `ZxError` with ZX_ERR_NOT_SUPPORTED, or
ZX_ERR_WRONG_TYPE for the bytes of an object that has none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeAlias, TypeVar

from zxio_py import abi
from zxio_py.abi.zxio import (
    ADVISORY_LOCK_EXCLUSIVE,
    ADVISORY_LOCK_SHARED,
    ADVISORY_LOCK_UNLOCK,
    ZXIO_PEEK,
    ZXIO_SHUTDOWN_OPTIONS_READ,
    ZXIO_SHUTDOWN_OPTIONS_WRITE,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.objects.flags import Signals, VmoFlags
from zxio_py.zxio import get_vmo, posix_mode, zxio
from zxio_py.zxio.ops import Storage, Zxio
from zxio_py.zxio.types import AdvisoryLockRequest, NodeAttributes

if TYPE_CHECKING:
    from zxio_py.objects.client import Client
    from zxio_py.objects.file import Opened

T = TypeVar("T")

#: Bytes to write, and room to read into.
Data: TypeAlias = bytes | bytearray | memoryview
Room: TypeAlias = bytearray | memoryview

#: How the contents come as memory: see `Object.vmo`.
Sharing: TypeAlias = Literal["copy", "clone", "exact", "exec"]

_GETTERS: dict[Sharing, Callable[[Zxio], tuple[int, int]]] = {
    "copy": get_vmo.zxio_vmo_get_copy,
    "clone": get_vmo.zxio_vmo_get_clone,
    "exact": get_vmo.zxio_vmo_get_exact,
    "exec": get_vmo.zxio_vmo_get_exec,
}


def check(status: int) -> None:
    """Raise `ZxError` for a failing status."""
    if status != abi.ZX_OK:
        raise ZxError(status)


def value(result: tuple[int, T]) -> T:
    """The output of a function, if its status is good; else `ZxError`."""
    check(result[0])
    return result[1]


def _check_code(code: int) -> None:
    """Raise `OSError` for an errno."""
    if code:
        raise OSError(code, os.strerror(code))


def _entry(buffer: Data) -> tuple[memoryview, int]:
    view = memoryview(buffer).cast("B")
    return view, len(view)


class Object:
    """One object; `with` closes it.

    Operations may be called by any thread.  As in C, closing is the caller's to keep apart from
    them; afterwards each raises `ZxError` with ZX_ERR_BAD_HANDLE.
    """

    def __init__(self, client: Client, storage: Storage) -> None:
        """The object in *storage*, in the process of *client*, which makes objects of handles."""
        self.client = client
        #: For the functions with C names.
        self.io: Zxio = storage.io

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.closed:
            self.close()

    def __repr__(self) -> str:
        return f"<zxio object, {'closed' if self.closed else 'open'}>"

    # ---- end ---------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether there is no object any more."""
        return self.io.ops is None

    def close(self) -> None:
        """End the object, also where its server says that this went wrong."""
        check(zxio.zxio_close(self.io))

    def release(self) -> int:
        """Take the handle out; the object is still to be closed."""
        return value(zxio.zxio_release(self.io))

    def borrow(self) -> int:
        """Look at the handle, which stays the object's."""
        return value(zxio.zxio_borrow(self.io))

    def clone(self) -> Object:
        """Another object like this one, over a handle of its own."""
        return self.client.wrap(value(zxio.zxio_clone(self.io)))

    # ---- waiting -----------------------------------------------------------------------------

    def wait(self, signals: Signals, deadline: int = abi.ZX_TIME_INFINITE) -> Signals:
        """Wait until one of *signals* is asserted, and say which of them are.

        *deadline* is a time of the monotonic clock, in ns; past it is ZX_ERR_TIMED_OUT.
        """
        handle, mask = self.wait_begin(signals)
        if handle == abi.ZX_HANDLE_INVALID:
            raise ZxError(abi.ZX_ERR_BAD_HANDLE if self.closed else abi.ZX_ERR_NOT_SUPPORTED)
        observed = self.io.system.object_wait_one(handle, mask, deadline)
        return self.wait_end(observed) & signals

    def wait_begin(self, signals: Signals) -> tuple[int, int]:
        """Handle (0 if it cannot be waited for) and kernel signals to wait for instead."""
        return zxio.zxio_wait_begin(self.io, signals)

    def wait_end(self, observed: int) -> Signals:
        """What kernel signals mean for this object."""
        return Signals(zxio.zxio_wait_end(self.io, observed))

    # ---- nodes -------------------------------------------------------------------------------

    def sync(self) -> None:
        """Make the server write everything back."""
        check(zxio.zxio_sync(self.io))

    def attributes(self) -> NodeAttributes:
        """The attributes; None where one is absent."""
        return value(zxio.zxio_attr_get(self.io))

    def set_attributes(self, attributes: NodeAttributes) -> None:
        """Change the attributes that are present."""
        check(zxio.zxio_attr_set(self.io, attributes))

    def mode(self) -> int:
        """POSIX st_mode by the attributes."""
        attributes = self.attributes()
        return posix_mode.zxio_get_posix_mode(attributes.protocols or 0, attributes.abilities or 0)

    def size(self) -> int:
        """Bytes of the contents; ZX_ERR_NOT_SUPPORTED where there is no such number."""
        size = self.attributes().content_size
        if size is None:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        return size

    def flags(self) -> int:
        """The flags the node was opened with."""
        return value(zxio.zxio_flags_get(self.io))

    def set_flags(self, flags: int) -> None:
        """Change the flags."""
        check(zxio.zxio_flags_set(self.io, flags))

    def lock(self, *, exclusive: bool = False, wait: bool = True) -> None:
        """Lock the node, in place of a lock that this connection has; it ends with the connection.

        Without *wait* ZX_ERR_SHOULD_WAIT where others are in the way.
        """
        kind = ADVISORY_LOCK_EXCLUSIVE if exclusive else ADVISORY_LOCK_SHARED
        self._advisory_lock(AdvisoryLockRequest(kind, wait))

    def unlock(self) -> None:
        """Give the lock up."""
        self._advisory_lock(AdvisoryLockRequest(ADVISORY_LOCK_UNLOCK))

    def _advisory_lock(self, request: AdvisoryLockRequest) -> None:
        check(zxio.dispatch(self.io, "advisory_lock", None, request)[0])

    def stat(self) -> os.stat_result:
        """The attributes as `os.stat` tells them; 0 where there is none."""
        found = self.attributes()
        seconds = [(t or 0) / 1e9 for t in (found.modification_time, found.creation_time)]
        return os.stat_result(
            (
                posix_mode.zxio_get_posix_mode(found.protocols or 0, found.abilities or 0),
                found.id or 0,
                0,
                found.link_count or 0,
                0,
                0,
                found.content_size or 0,
                seconds[0],
                seconds[0],
                seconds[1],
            )
        )

    # ---- bytes -------------------------------------------------------------------------------

    def read(self, size: int, *, peek: bool = False) -> bytes:
        """Read at most *size* bytes at the seek offset, which *peek* leaves where it is.

        ZX_ERR_SHOULD_WAIT where there are none yet; no bytes at the end of a file.
        """
        room = bytearray(size)
        return bytes(room[: self.readv([room], peek=peek)])

    def read_at(self, offset: int, size: int) -> bytes:
        """Read at most *size* bytes at *offset*."""
        room = bytearray(size)
        return bytes(room[: self.readv_at(offset, [room])])

    def readv(self, rooms: Sequence[Room], *, peek: bool = False) -> int:
        """Read into several buffers; the bytes moved."""
        flags = ZXIO_PEEK if peek else 0
        return value(zxio.zxio_readv(self.io, [_entry(room) for room in rooms], flags))

    def readv_at(self, offset: int, rooms: Sequence[Room]) -> int:
        """Read at *offset* into several buffers; the bytes moved."""
        return value(zxio.zxio_readv_at(self.io, offset, [_entry(room) for room in rooms], 0))

    def write(self, data: Data) -> int:
        """Write at the seek offset; the bytes moved, which may be fewer than there are."""
        return self.writev([data])

    def write_at(self, offset: int, data: Data) -> int:
        """Write at *offset*; the bytes moved."""
        return self.writev_at(offset, [data])

    def writev(self, pieces: Sequence[Data]) -> int:
        """Write from several buffers; the bytes moved."""
        return value(zxio.zxio_writev(self.io, [_entry(piece) for piece in pieces], 0))

    def writev_at(self, offset: int, pieces: Sequence[Data]) -> int:
        """Write at *offset* from several buffers; the bytes moved."""
        return value(zxio.zxio_writev_at(self.io, offset, [_entry(piece) for piece in pieces], 0))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the seek offset; the new one.  *whence* as in `io`, whose numbers are zxio's."""
        return value(zxio.zxio_seek(self.io, whence, offset))

    def tell(self) -> int:
        """The seek offset."""
        return self.seek(0, os.SEEK_CUR)

    def truncate(self, length: int) -> None:
        """Set the length in bytes."""
        check(zxio.zxio_truncate(self.io, length))

    def vmo(self, how: Sharing | VmoFlags = "copy") -> int:
        """The contents as a VMO, whose handle is the caller's.

        "copy" is a private copy by any way there is, "clone" one that the object itself makes,
        "exact" the very memory, "exec" a copy to execute; flags say it bit by bit.
        """
        if isinstance(how, VmoFlags):
            return value(zxio.zxio_vmo_get(self.io, how))
        return value(_GETTERS[how](self.io))

    def available(self) -> int:
        """How many bytes could be read at once."""
        return value(zxio.zxio_get_read_buffer_available(self.io))

    def shutdown(self, *, read: bool = False, write: bool = False) -> None:
        """Stop reading, writing or both; `OSError` where there is nothing to stop."""
        options = ZXIO_SHUTDOWN_OPTIONS_READ if read else 0
        options |= ZXIO_SHUTDOWN_OPTIONS_WRITE if write else 0
        _check_code(value(zxio.zxio_shutdown(self.io, options)))

    def open(self, mode: str = "rb", *, encoding: str | None = None) -> Opened:
        """A Python file over this object, as the built-in `open` makes one: see `ObjectFile`.

        Closing the file closes the object.
        """
        from zxio_py.objects.file import open_object

        return open_object(self, mode, encoding)

    # ---- terminals ---------------------------------------------------------------------------

    def isatty(self) -> bool:
        """Whether the object wants line buffering."""
        return value(zxio.zxio_isatty(self.io))

    def window_size(self) -> tuple[int, int]:
        """Width and height in characters."""
        status, width, height = zxio.zxio_get_window_size(self.io)
        check(status)
        return width, height

    def set_window_size(self, width: int, height: int) -> None:
        """Set width and height in characters."""
        check(zxio.zxio_set_window_size(self.io, width, height))

"""A file behind a server: its bytes come in messages, or through a stream if the server gave one.

The seek offset is the server's or the stream's; a clone has its own.
"""

from __future__ import annotations

from collections.abc import Callable

from zxio_py import abi
from zxio_py.abi.zxio import ZXIO_SIGNAL_READABLE, ZXIO_SIGNAL_WRITABLE
from zxio_py.fidl.library.io import (
    FILE,
    FileGetBackingMemoryRequest,
    FileReadAtRequest,
    FileResizeRequest,
    FileSeekRequest,
    FileWriteAtRequest,
    ReadableReadRequest,
    WritableWriteRequest,
)
from zxio_py.fidl.library.io_types import MAX_TRANSFER_SIZE, FileSignal
from zxio_py.kernel.errors import UserFault, ZxError
from zxio_py.zxio.ops import Ops, Storage, Zxio, zxio_init
from zxio_py.zxio.owned import OwnedHandle
from zxio_py.zxio.remote import (
    Remote,
    ask,
    remote_advisory_lock,
    remote_attr_get,
    remote_attr_set,
    remote_borrow,
    remote_clone,
    remote_close,
    remote_flags_get,
    remote_flags_set,
    remote_release,
    remote_sync,
)
from zxio_py.zxio.status import KernelOutput
from zxio_py.zxio.vector import Pointer, Vector, do_vector

_FILE_SIGNALS = (
    (ZXIO_SIGNAL_READABLE, FileSignal.READABLE),
    (ZXIO_SIGNAL_WRITABLE, FileSignal.WRITABLE),
)


def _file_wait_begin(io: Zxio, zxio_signals: int) -> tuple[int, int]:
    """The file's event; what it does not tell is not waited for."""
    remote: Remote = io.state
    return remote.event, sum(zx for zxio, zx in _FILE_SIGNALS if zxio_signals & zxio)


def _file_wait_end(io: Zxio, zx_signals: int) -> int:
    return sum(zxio for zxio, zx in _FILE_SIGNALS if zx_signals & zx)


def _no_flags(flags: int) -> None:
    if flags:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _behind(pointer: Pointer, offset: int) -> Pointer:
    """The place *offset* bytes behind *pointer*."""
    return pointer + offset if isinstance(pointer, int) else memoryview(pointer)[offset:]


def _in_chunks(vector: Vector, move: Callable[[Pointer, int], int]) -> int:
    """Move each entry in chunks as large as a message takes; the bytes moved.

    *move* moves one chunk.  An error after the first chunk of an entry ends it as a short one does.
    """

    def move_entry(buffer: Pointer, capacity: int) -> int:
        total = 0
        while total < capacity:
            chunk = min(capacity - total, MAX_TRANSFER_SIZE)
            try:
                actual = move(_behind(buffer, total), chunk)
            except UserFault:
                raise
            except ZxError:
                if total > 0:
                    break
                raise
            if actual > chunk:
                raise ZxError(abi.ZX_ERR_IO)
            total += actual
            if actual < chunk:
                break
        return total

    return do_vector(vector, move_entry)


def _stored(io: Zxio, buffer: Pointer, data: bytes, room: int) -> int:
    """Give the caller what was read; IO if it is more than there is room for."""
    if len(data) > room:
        raise ZxError(abi.ZX_ERR_IO)
    io.system.store(buffer, data)
    return len(data)


def _through_stream(transfer: Callable[[], int]) -> int:
    """A transfer of the kernel's, whose lack of a right is told as servers tell it."""
    try:
        return KernelOutput(transfer())
    except UserFault:
        raise
    except ZxError as error:
        if error.status == abi.ZX_ERR_ACCESS_DENIED:
            raise ZxError(abi.ZX_ERR_BAD_HANDLE) from None
        raise


def file_readv(io: Zxio, vector: Vector, flags: int) -> int:
    _no_flags(flags)
    remote: Remote = io.state
    if remote.stream != abi.ZX_HANDLE_INVALID:
        return _through_stream(lambda: io.system.stream_readv(remote.stream, vector))

    def read(buffer: Pointer, size: int) -> int:
        reply = ask(io, FILE["Read"], ReadableReadRequest(size))
        return _stored(io, buffer, reply.data, size)

    return _in_chunks(vector, read)


def _file_readv_at(io: Zxio, offset: int, vector: Vector, flags: int) -> int:
    _no_flags(flags)
    remote: Remote = io.state
    if remote.stream != abi.ZX_HANDLE_INVALID:
        return _through_stream(lambda: io.system.stream_readv_at(remote.stream, offset, vector))
    done = 0

    def read(buffer: Pointer, size: int) -> int:
        nonlocal done
        reply = ask(io, FILE["ReadAt"], FileReadAtRequest(size, offset + done))
        actual = _stored(io, buffer, reply.data, size)
        done += actual
        return actual

    return _in_chunks(vector, read)


def file_writev(io: Zxio, vector: Vector, flags: int) -> int:
    _no_flags(flags)
    remote: Remote = io.state
    if remote.stream != abi.ZX_HANDLE_INVALID:
        return _through_stream(lambda: io.system.stream_writev(remote.stream, vector))

    def write(buffer: Pointer, size: int) -> int:
        reply = ask(io, FILE["Write"], WritableWriteRequest(io.system.load(buffer, size)))
        return int(reply.actual_count)

    return _in_chunks(vector, write)


def _file_writev_at(io: Zxio, offset: int, vector: Vector, flags: int) -> int:
    _no_flags(flags)
    remote: Remote = io.state
    if remote.stream != abi.ZX_HANDLE_INVALID:
        return _through_stream(lambda: io.system.stream_writev_at(remote.stream, offset, vector))
    done = 0

    def write(buffer: Pointer, size: int) -> int:
        nonlocal done
        data = io.system.load(buffer, size)
        actual = int(ask(io, FILE["WriteAt"], FileWriteAtRequest(data, offset + done)).actual_count)
        done += actual
        return actual

    return _in_chunks(vector, write)


def _file_seek(io: Zxio, start: int, offset: int) -> int:
    remote: Remote = io.state
    if remote.stream != abi.ZX_HANDLE_INVALID:
        return _through_stream(lambda: io.system.stream_seek(remote.stream, start, offset))
    return int(ask(io, FILE["Seek"], FileSeekRequest(start, offset)).offset_from_start)


def _file_truncate(io: Zxio, length: int) -> None:
    ask(io, FILE["Resize"], FileResizeRequest(length))


def _file_vmo_get(io: Zxio, flags: int) -> int:
    return int(ask(io, FILE["GetBackingMemory"], FileGetBackingMemoryRequest(flags)).vmo)


_FILE_OPS = Ops(
    close=remote_close,
    release=remote_release,
    borrow=remote_borrow,
    clone=remote_clone,
    wait_begin=_file_wait_begin,
    wait_end=_file_wait_end,
    sync=remote_sync,
    attr_get=remote_attr_get,
    attr_set=remote_attr_set,
    readv=file_readv,
    readv_at=_file_readv_at,
    writev=file_writev,
    writev_at=_file_writev_at,
    seek=_file_seek,
    truncate=_file_truncate,
    flags_get=remote_flags_get,
    flags_set=remote_flags_set,
    vmo_get=_file_vmo_get,
    advisory_lock=remote_advisory_lock,
)


def file_init(storage: Storage, channel: int, event: int, stream: int) -> None:
    """Make a file, which owns the handles; *event* and *stream* may be ZX_HANDLE_INVALID."""
    zxio_init(storage.io, _FILE_OPS)
    storage.io.state = Remote(OwnedHandle(channel), event, stream)

"""zx_stream_*."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import page_steps
from zxio_py.kernel.stream import Stream
from zxio_py.kernel.vmo import Vmo, VmObject

_IOVEC = struct.Struct("<QQ")
_MODES = abi.ZX_STREAM_MODE_READ | abi.ZX_STREAM_MODE_WRITE | abi.ZX_STREAM_MODE_APPEND
_LIMIT = (1 << 64) - 1


def zx_stream_create(c: Caller, options: int, vmo: int, seek: int, out_stream: Pointer) -> int:
    """Make a stream over a VMO."""
    if options & ~_MODES:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    needed = 0
    if options & abi.ZX_STREAM_MODE_READ:
        needed |= abi.ZX_RIGHT_READ
    if options & abi.ZX_STREAM_MODE_WRITE:
        needed |= abi.ZX_RIGHT_WRITE
    memory = c.get(vmo, Vmo, needed).memory
    can_resize = bool(c.handle(vmo).rights & abi.ZX_RIGHT_RESIZE)
    c.give((out_stream, Stream(c.kernel, options, memory, seek, can_resize)))
    return abi.ZX_OK


class _Vectors(NamedTuple):
    """The caller's array of zx_iovec_t, which may be another each time it is looked at."""

    pointer: Pointer
    length: int


def _total(c: Caller, vectors: _Vectors) -> int:
    """The sum of the buffers' sizes: INVALID_ARGS if it overflows."""
    total = 0
    for _, size in c.records(*vectors, _IOVEC):
        total += size
        if total > _LIMIT:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return total


#: Copies so many bytes between a place in a VMO and one of the caller's; the last is how many
#: there are from that place on.
_Copy: TypeAlias = Callable[[Caller, VmObject, int, int, int, int], None]


def _copy_out(c: Caller, memory: VmObject, offset: int, buffer: int, size: int, ahead: int) -> None:
    memory.check_access(offset, size)  # BAD_STATE
    c.write(buffer, memory.read(offset, size))


def _copy_in(c: Caller, memory: VmObject, offset: int, buffer: int, size: int, ahead: int) -> None:
    memory.check_access(offset, size)  # BAD_STATE
    memory.expect_write(offset, ahead)
    memory.fill(offset, size, c.read_prefix(buffer, size))  # INVALID_ARGS


def _copy(
    c: Caller, copy: _Copy, memory: VmObject, offset: int, vectors: _Vectors, size: int
) -> int:
    """Copy *size* bytes between a VMO and buffers, a page of the VMO at a time; how many it were.

    What was copied before a fault counts: it is an error only if that is nothing.
    """
    done = 0
    try:
        for index in range(vectors.length):
            if done == size:
                break
            buffer, capacity = c.record(vectors.pointer, index, _IOVEC)
            end = min(done + capacity, size)
            if buffer == 0 and done < end:
                raise ZxError(abi.ZX_ERR_NOT_FOUND)
            with memory.kept():
                for at, step in page_steps(offset + done, end - done):
                    copy(c, memory, offset + done, buffer + at, step, end - done)
                    done += step
    except ZxError:
        if done == 0:
            raise
    return done


def _read(c: Caller, handle: int, vectors: _Vectors, actual: Pointer, offset: int | None) -> int:
    stream = c.get(handle, Stream, abi.ZX_RIGHT_READ)
    total = _total(c, vectors)
    at = stream.seek if offset is None else offset
    done = _copy(c, _copy_out, stream.memory, at, vectors, stream.readable(at, total))
    if offset is None:
        stream.seek = at + done
    if actual != 0:
        c.write_u64(actual, done)
    return abi.ZX_OK


def zx_stream_readv(
    c: Caller, handle: int, options: int, vectors: Pointer, num_vectors: int, actual: Pointer
) -> int:
    """Read from the seek offset on."""
    if options != 0 or vectors == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return _read(c, handle, _Vectors(vectors, num_vectors), actual, None)


def zx_stream_readv_at(
    c: Caller,
    handle: int,
    options: int,
    offset: int,
    vectors: Pointer,
    num_vectors: int,
    actual: Pointer,
) -> int:
    """Read from *offset* on."""
    if options != 0 or vectors == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return _read(c, handle, _Vectors(vectors, num_vectors), actual, offset)


def _write(c: Caller, stream: Stream, offset: int, vectors: _Vectors, length: int) -> int:
    """Write into the room there is; how many bytes it were."""
    done = _copy(c, _copy_in, stream.memory, offset, vectors, length)
    stream.note_written(offset + done)
    return done


def _write_at(c: Caller, stream: Stream, offset: int, vectors: _Vectors, total: int) -> int:
    if total == 0:
        return 0
    if offset + total > _LIMIT:
        raise ZxError(abi.ZX_ERR_FILE_BIG)
    room = stream.make_room(offset, total)  # OUT_OF_RANGE, NO_SPACE
    return _write(c, stream, offset, vectors, room)


def _append(c: Caller, stream: Stream, vectors: _Vectors, total: int) -> int:
    """Write at the end: once there is room the seek offset moves, even if nothing is written."""
    if total == 0:
        return 0
    offset = stream.memory.content.size
    if offset + total > _LIMIT:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    room = stream.make_room(offset, total)  # OUT_OF_RANGE, NO_SPACE
    stream.seek = offset
    written = _write(c, stream, offset, vectors, room)
    stream.seek += written
    return written


def zx_stream_writev(
    c: Caller, handle: int, options: int, vectors: Pointer, num_vectors: int, actual: Pointer
) -> int:
    """Write at the seek offset, or at the end."""
    if options & ~abi.ZX_STREAM_APPEND or vectors == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    stream = c.get(handle, Stream, abi.ZX_RIGHT_WRITE)
    buffers = _Vectors(vectors, num_vectors)
    total = _total(c, buffers)
    if options & abi.ZX_STREAM_APPEND or stream.appends:
        written = _append(c, stream, buffers, total)
    else:
        written = _write_at(c, stream, stream.seek, buffers, total)
        stream.seek += written
    if actual != 0:
        c.write_u64(actual, written)
    return abi.ZX_OK


def zx_stream_writev_at(
    c: Caller,
    handle: int,
    options: int,
    offset: int,
    vectors: Pointer,
    num_vectors: int,
    actual: Pointer,
) -> int:
    """Write at *offset*."""
    if options != 0 or vectors == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    stream = c.get(handle, Stream, abi.ZX_RIGHT_WRITE)
    buffers = _Vectors(vectors, num_vectors)
    written = _write_at(c, stream, offset, buffers, _total(c, buffers))
    if actual != 0:
        c.write_u64(actual, written)
    return abi.ZX_OK


def zx_stream_seek(c: Caller, handle: int, whence: int, offset: int, out_seek: Pointer) -> int:
    """Move the seek offset."""
    stream = c.get(handle, Stream, abi.ZX_RIGHT_NONE)
    if not c.handle(handle).rights & (abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE):
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    target = stream.move(whence, offset)  # INVALID_ARGS
    if out_seek != 0:
        c.write_u64(out_seek, target)
    return abi.ZX_OK

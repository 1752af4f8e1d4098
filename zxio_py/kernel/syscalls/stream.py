"""zx_stream_*."""

from __future__ import annotations

import struct

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.stream import Stream
from zxio_py.kernel.vmo import Vmo

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


def _vectors(c: Caller, pointer: Pointer, count: int) -> tuple[list[tuple[int, int]], int]:
    """Buffers and sizes, and their sum: INVALID_ARGS if it overflows, NOT_FOUND for null ones."""
    vectors = [(buffer, size) for buffer, size in c.records(pointer, count, _IOVEC)]
    total = sum(size for _, size in vectors)
    if total > _LIMIT:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if any(buffer == 0 and size for buffer, size in vectors):
        raise ZxError(abi.ZX_ERR_NOT_FOUND)
    return vectors, total


def _read(
    c: Caller, handle: int, vectors: Pointer, count: int, actual: Pointer, offset: int | None
) -> int:
    stream = c.get(handle, Stream, abi.ZX_RIGHT_READ)
    buffers, total = _vectors(c, vectors, count)
    at = stream.seek if offset is None else offset
    length = stream.readable(at, total)
    stream.memory.check_access(min(at, stream.memory.size), length)  # BAD_STATE
    data = stream.memory.read(at, length)
    done = 0
    for buffer, size in buffers:
        part = data[done : done + size]
        c.write(buffer, part)
        done += len(part)
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
    return _read(c, handle, vectors, num_vectors, actual, None)


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
    return _read(c, handle, vectors, num_vectors, actual, offset)


def _write(
    c: Caller,
    handle: int,
    vectors: Pointer,
    count: int,
    actual: Pointer,
    offset: int | None,
    append: bool,
) -> int:
    stream = c.get(handle, Stream, abi.ZX_RIGHT_WRITE)
    buffers, total = _vectors(c, vectors, count)
    at = stream.seek if offset is None else offset
    if offset is None and (append or stream.appends):
        at = stream.memory.content.size
    written = 0
    if total:
        stream.memory.check_access(0, 0)  # BAD_STATE
        room = stream.prepare_write(at, total)  # FILE_BIG, OUT_OF_RANGE, NO_SPACE
        parts: list[bytes] = []
        for buffer, size in buffers:
            parts.append(c.read(buffer, min(size, room - written)))
            written += len(parts[-1])
        stream.write(at, b"".join(parts))
    if offset is None:
        stream.seek = at + written
    if actual != 0:
        c.write_u64(actual, written)
    return abi.ZX_OK


def zx_stream_writev(
    c: Caller, handle: int, options: int, vectors: Pointer, num_vectors: int, actual: Pointer
) -> int:
    """Write at the seek offset, or at the end."""
    if options & ~abi.ZX_STREAM_APPEND or vectors == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    append = bool(options & abi.ZX_STREAM_APPEND)
    return _write(c, handle, vectors, num_vectors, actual, None, append)


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
    return _write(c, handle, vectors, num_vectors, actual, offset, append=False)


def zx_stream_seek(c: Caller, handle: int, whence: int, offset: int, out_seek: Pointer) -> int:
    """Move the seek offset."""
    stream = c.get(handle, Stream, abi.ZX_RIGHT_NONE)
    if not c.handle(handle).rights & (abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE):
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    target = stream.move(whence, offset)  # INVALID_ARGS
    if out_seek != 0:
        c.write_u64(out_seek, target)
    return abi.ZX_OK

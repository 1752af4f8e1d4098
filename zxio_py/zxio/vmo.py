"""A VMO as a file: a stream gives it a seek offset and bounds it by the content size."""

from __future__ import annotations

from dataclasses import dataclass

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_NODE_PROTOCOL_FILE,
    ZXIO_OPERATION_GET_ATTRIBUTES,
    ZXIO_OPERATION_READ_BYTES,
    ZXIO_VMO_EXECUTE,
    ZXIO_VMO_PRIVATE_CLONE,
    ZXIO_VMO_READ,
    ZXIO_VMO_WRITE,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Ops, Storage, Zxio, zxio_init
from zxio_py.zxio.owned import OwnedHandle
from zxio_py.zxio.status import KernelOutput, OutputError
from zxio_py.zxio.types import NodeAttributes
from zxio_py.zxio.vector import Vector


@dataclass(slots=True)
class _Vmo:
    vmo: OwnedHandle
    stream: int


def _vmo_close(io: Zxio) -> None:
    file: _Vmo = io.state
    io.system.handle_close(file.stream)
    io.system.handle_close(file.vmo.value)


def _vmo_release(io: Zxio) -> int:
    file: _Vmo = io.state
    return file.vmo.take()


def _vmo_clone(io: Zxio) -> int:
    """The clone starts at offset zero: the seek offset belongs to the stream.

    Without a duplicate there is the invalid handle.
    """
    file: _Vmo = io.state
    try:
        return io.system.handle_duplicate(file.vmo.value, abi.ZX_RIGHT_SAME_RIGHTS)
    except ZxError as error:
        raise OutputError(error.status, abi.ZX_HANDLE_INVALID) from None


def _vmo_attr_get(io: Zxio) -> NodeAttributes:
    file: _Vmo = io.state
    return NodeAttributes(
        protocols=ZXIO_NODE_PROTOCOL_FILE,
        abilities=ZXIO_OPERATION_READ_BYTES | ZXIO_OPERATION_GET_ATTRIBUTES,
        content_size=io.system.object_get_content_size(file.vmo.value),
    )


def _no_flags(flags: int) -> None:
    if flags:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _vmo_readv(io: Zxio, vector: Vector, flags: int) -> int:
    file: _Vmo = io.state
    _no_flags(flags)
    return KernelOutput(io.system.stream_readv(file.stream, vector))


def _vmo_readv_at(io: Zxio, offset: int, vector: Vector, flags: int) -> int:
    file: _Vmo = io.state
    _no_flags(flags)
    return KernelOutput(io.system.stream_readv_at(file.stream, offset, vector))


def _vmo_writev(io: Zxio, vector: Vector, flags: int) -> int:
    file: _Vmo = io.state
    _no_flags(flags)
    return KernelOutput(io.system.stream_writev(file.stream, vector))


def _vmo_writev_at(io: Zxio, offset: int, vector: Vector, flags: int) -> int:
    file: _Vmo = io.state
    _no_flags(flags)
    return KernelOutput(io.system.stream_writev_at(file.stream, offset, vector))


def _vmo_seek(io: Zxio, start: int, offset: int) -> int:
    file: _Vmo = io.state
    return KernelOutput(io.system.stream_seek(file.stream, start, offset))


def _vmo_truncate(io: Zxio, length: int) -> None:
    file: _Vmo = io.state
    io.system.vmo_set_size(file.vmo.value, length)


def _vmo_vmo_get(io: Zxio, flags: int) -> int:
    """A private clone of the content, or a duplicate, with just the rights asked for."""
    file: _Vmo = io.state
    size = io.system.object_get_content_size(file.vmo.value)
    rights = abi.ZX_RIGHTS_BASIC | abi.ZX_RIGHT_MAP | abi.ZX_RIGHT_GET_PROPERTY
    rights |= abi.ZX_RIGHT_READ if flags & ZXIO_VMO_READ else 0
    rights |= abi.ZX_RIGHT_WRITE if flags & ZXIO_VMO_WRITE else 0
    rights |= abi.ZX_RIGHT_EXECUTE if flags & ZXIO_VMO_EXECUTE else 0
    if not flags & ZXIO_VMO_PRIVATE_CLONE:
        return io.system.handle_duplicate(file.vmo.value, rights)
    options = abi.ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
    if flags & ZXIO_VMO_EXECUTE:
        if flags & ZXIO_VMO_WRITE:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        options |= abi.ZX_VMO_CHILD_NO_WRITE
    child = io.system.vmo_create_child(file.vmo.value, options, 0, size)
    return io.system.handle_replace(child, rights | abi.ZX_RIGHT_SET_PROPERTY)


_VMO_OPS = Ops(
    close=_vmo_close,
    release=_vmo_release,
    clone=_vmo_clone,
    attr_get=_vmo_attr_get,
    readv=_vmo_readv,
    readv_at=_vmo_readv_at,
    writev=_vmo_writev,
    writev_at=_vmo_writev_at,
    seek=_vmo_seek,
    truncate=_vmo_truncate,
    vmo_get=_vmo_vmo_get,
)


def vmo_init(storage: Storage, vmo: int, stream: int) -> None:
    """Make a VMO object, which owns both handles."""
    zxio_init(storage.io, _VMO_OPS)
    storage.io.state = _Vmo(OwnedHandle(vmo), stream)

"""The contents of an object as a VMO."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_SIGNAL_READ_DISABLED,
    ZXIO_SIGNAL_READABLE,
    ZXIO_VMO_EXECUTE,
    ZXIO_VMO_PRIVATE_CLONE,
    ZXIO_VMO_READ,
    ZXIO_VMO_SHARED_BUFFER,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Zxio
from zxio_py.zxio.zxio import (
    zxio_attr_get,
    zxio_read_at,
    zxio_vmo_get,
    zxio_wait_one,
)

_COPY_CHUNK = 4096


def zxio_vmo_get_clone(io: Zxio | None) -> tuple[int, int]:
    """A private copy of the contents, readable."""
    return zxio_vmo_get(io, ZXIO_VMO_READ | ZXIO_VMO_PRIVATE_CLONE)


def zxio_vmo_get_exact(io: Zxio | None) -> tuple[int, int]:
    """The very memory of the contents, readable."""
    return zxio_vmo_get(io, ZXIO_VMO_READ | ZXIO_VMO_SHARED_BUFFER)


def zxio_vmo_get_exec(io: Zxio | None) -> tuple[int, int]:
    """A private copy of the contents, readable and executable."""
    return zxio_vmo_get(io, ZXIO_VMO_READ | ZXIO_VMO_EXECUTE | ZXIO_VMO_PRIVATE_CLONE)


def _copy_into(io: Zxio, vmo: int, size: int) -> int:
    """Read *size* bytes from the start of the object into the VMO, waiting while there is
    nothing; the status."""
    done = 0
    while done < size:
        chunk = bytearray(min(size - done, _COPY_CHUNK))
        status, actual = zxio_read_at(io, done, chunk, len(chunk), 0)
        if status == abi.ZX_ERR_SHOULD_WAIT:
            signals = ZXIO_SIGNAL_READABLE | ZXIO_SIGNAL_READ_DISABLED
            status, _ = zxio_wait_one(io, signals, abi.ZX_TIME_INFINITE)
            if status == abi.ZX_OK:
                continue
        if status != abi.ZX_OK:
            return status
        if actual == 0:
            return abi.ZX_ERR_OUT_OF_RANGE
        try:
            io.system.vmo_write(vmo, bytes(chunk[:actual]), done)
        except ZxError as error:
            return error.status
        done += actual
    return abi.ZX_OK


def zxio_vmo_get_copy(io: Zxio | None) -> tuple[int, int]:
    """A private clone where the object has one, else a new VMO filled by reading."""
    status, vmo = zxio_vmo_get_clone(io)
    if status == abi.ZX_OK:
        return abi.ZX_OK, vmo
    status, attributes = zxio_attr_get(io)
    if status != abi.ZX_OK:
        return status, 0
    assert io is not None
    size = attributes.content_size or 0
    try:
        vmo = io.system.vmo_create(size)
    except ZxError as error:
        return error.status, 0
    status = _copy_into(io, vmo, size)
    if status != abi.ZX_OK:
        io.system.handle_close(vmo)
        return status, 0
    rights = abi.ZX_RIGHTS_BASIC | abi.ZX_RIGHTS_PROPERTY | abi.ZX_RIGHT_READ | abi.ZX_RIGHT_MAP
    try:
        return abi.ZX_OK, io.system.handle_replace(vmo, rights)
    except ZxError as error:
        return error.status, 0

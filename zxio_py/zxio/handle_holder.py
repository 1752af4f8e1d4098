"""An object around a kernel handle of a type zxio does not know: it can be released or closed."""

from __future__ import annotations

from dataclasses import dataclass

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Ops, Storage, Zxio, zxio_init
from zxio_py.zxio.owned import OwnedHandle


@dataclass(slots=True)
class _HandleHolder:
    handle: OwnedHandle


def _handle_holder_close(io: Zxio) -> None:
    holder: _HandleHolder = io.state
    io.system.handle_close(holder.handle.value)


def _handle_holder_release(io: Zxio) -> int:
    """Hand the handle out once."""
    holder: _HandleHolder = io.state
    handle = holder.handle.take()
    if handle == abi.ZX_HANDLE_INVALID:
        raise ZxError(abi.ZX_ERR_BAD_HANDLE)
    return handle


_HANDLE_HOLDER_OPS = Ops(
    close=_handle_holder_close,
    release=_handle_holder_release,
)


def handle_holder_init(storage: Storage, handle: int) -> None:
    """Make a handle holder, which owns *handle*."""
    zxio_init(storage.io, _HANDLE_HOLDER_OPS)
    storage.io.state = _HandleHolder(OwnedHandle(handle))

"""zx_handle_*."""

import struct

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError

_HANDLE = struct.Struct("<I")


def zx_handle_close(c: Caller, handle: int) -> int:
    """Close a handle; the invalid one is fine."""
    if handle == abi.ZX_HANDLE_INVALID:
        return abi.ZX_OK
    removed = c.handles.remove(handle)
    if removed is None:
        raise c.bad_handle()
    c.kernel.close_handle(removed)
    return abi.ZX_OK


def zx_handle_close_many(c: Caller, handles: Pointer, num_handles: int) -> int:
    """Close an array of handles: every valid one, whatever the others are."""
    bad = False
    for (value,) in c.records(handles, num_handles, _HANDLE):
        if value != abi.ZX_HANDLE_INVALID:
            removed = c.handles.remove(value)
            if removed is None:
                bad = True
            else:
                c.kernel.close_handle(removed)
    if bad:
        raise c.bad_handle()
    return abi.ZX_OK


def zx_handle_duplicate(c: Caller, handle: int, rights: int, out: Pointer) -> int:
    """Make a second handle to the same object, with the same or fewer rights."""
    source = c.handle(handle)
    if not source.rights & abi.ZX_RIGHT_DUPLICATE:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    if rights == abi.ZX_RIGHT_SAME_RIGHTS:
        rights = source.rights
    elif rights & ~source.rights:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.install([(out, c.kernel.make_handle(source.object, rights))])
    return abi.ZX_OK


def zx_handle_replace(c: Caller, handle: int, rights: int, out: Pointer) -> int:
    """Exchange a handle for one with the same or fewer rights; the old one is always gone."""
    source = c.handles.remove(handle)
    if source is None:
        raise c.bad_handle()
    try:
        if rights == abi.ZX_RIGHT_SAME_RIGHTS:
            rights = source.rights
        elif rights & ~source.rights:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        c.install([(out, c.kernel.make_handle(source.object, rights))])
    finally:
        c.kernel.close_handle(source)
    return abi.ZX_OK

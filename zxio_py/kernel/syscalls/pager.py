"""zx_pager_*."""

import struct

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pager import Pager
from zxio_py.kernel.pages import PAGE_MASK
from zxio_py.kernel.port import Port
from zxio_py.kernel.sourced_store import SourcedStore
from zxio_py.kernel.vmo import Vmo

_RANGE = struct.Struct("<QQQ")


def zx_pager_create(c: Caller, options: int, out: Pointer) -> int:
    """Make a pager."""
    c.check_policy(abi.ZX_POL_NEW_PAGER)
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out, Pager(c.kernel)))
    return abi.ZX_OK


def zx_pager_create_vmo(
    c: Caller, pager: int, options: int, port: int, key: int, size: int, out: Pointer
) -> int:
    """Make a VMO whose pages are asked for at a port."""
    c.check_policy(abi.ZX_POL_NEW_VMO)
    owner = c.get(pager, Pager, abi.ZX_RIGHT_NONE)
    target = c.get(port, Port, abi.ZX_RIGHT_WRITE)
    if options & ~(abi.ZX_VMO_RESIZABLE | abi.ZX_VMO_TRAP_DIRTY):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    resizable = bool(options & abi.ZX_VMO_RESIZABLE)
    traps_dirty = bool(options & abi.ZX_VMO_TRAP_DIRTY)
    memory = owner.create_vmo(target, key, size, resizable, traps_dirty)  # OUT_OF_RANGE
    rights = Vmo.DEFAULT_RIGHTS | (abi.ZX_RIGHT_RESIZE if resizable else 0)
    c.install([(out, c.kernel.make_handle(Vmo(c.kernel, memory), rights))])
    return abi.ZX_OK


def zx_pager_detach_vmo(c: Caller, pager: int, vmo: int) -> int:
    """Supply nothing to a VMO any more."""
    _supplied(c, pager, vmo).detach()
    return abi.ZX_OK


def zx_pager_supply_pages(
    c: Caller, pager: int, pager_vmo: int, offset: int, length: int, aux_vmo: int, aux_offset: int
) -> int:
    """Move pages from one VMO to another that has asked for them, or may yet do so."""
    if (offset | length | aux_offset) & PAGE_MASK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    store = _supplied(c, pager, pager_vmo)
    aux = c.get(aux_vmo, Vmo, abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE).memory
    pages = aux.take_pages(aux_offset, length)  # NOT_SUPPORTED, BAD_STATE, OUT_OF_RANGE
    store.supply(offset, pages)  # OUT_OF_RANGE, and the pages are gone
    return abi.ZX_OK


def zx_pager_op_range(
    c: Caller, pager: int, op: int, pager_vmo: int, offset: int, length: int, data: int
) -> int:
    """Say that pages do not come, may become dirty, are being saved, are saved."""
    if (offset | length) & PAGE_MASK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    store = _supplied(c, pager, pager_vmo)
    store.source.pager.operate(op, store, offset, length, data)
    return abi.ZX_OK


def zx_pager_query_dirty_ranges(
    c: Caller,
    pager: int,
    pager_vmo: int,
    offset: int,
    length: int,
    buffer: Pointer,
    buffer_size: int,
    actual: Pointer,
    avail: Pointer,
) -> int:
    """Tell what has been changed and not been saved."""
    ranges = _supplied(c, pager, pager_vmo).dirty_ranges(offset, length)  # OUT_OF_RANGE
    shown = min(len(ranges), buffer_size // _RANGE.size)
    for number, (start, size, is_zero) in enumerate(ranges[:shown]):
        options = abi.ZX_VMO_DIRTY_RANGE_IS_ZERO if is_zero else 0
        c.write(c.behind(buffer, number * _RANGE.size), _RANGE.pack(start, size, options))
    if actual != 0:
        c.write_u64(actual, shown)
    if avail != 0:
        c.write_u64(avail, len(ranges))
    return abi.ZX_OK


def zx_pager_query_vmo_stats(
    c: Caller, pager: int, pager_vmo: int, options: int, buffer: Pointer, buffer_size: int
) -> int:
    """Tell whether a VMO has been changed since the last reset."""
    store = _supplied(c, pager, pager_vmo)
    if buffer_size < abi.STRUCTS["zx_pager_vmo_stats_t"].size:
        raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)
    if options & ~abi.ZX_PAGER_RESET_VMO_STATS:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    stats = abi.ZX_PAGER_VMO_STATS_MODIFIED if store.modified else 0
    if options:
        store.modified = False  # even if the answer cannot be stored
    c.write_u32(buffer, stats)
    return abi.ZX_OK


def _supplied(c: Caller, pager: int, vmo: int) -> SourcedStore:
    """The pages that a pager supplies to a VMO: BAD_HANDLE, WRONG_TYPE, INVALID_ARGS."""
    owner = c.get(pager, Pager, abi.ZX_RIGHT_NONE)
    return owner.store_of(c.get(vmo, Vmo, abi.ZX_RIGHT_NONE).memory)

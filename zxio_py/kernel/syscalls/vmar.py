"""zx_vmar_*."""

from zxio_py import abi
from zxio_py.kernel.aspace import PERM_MASK
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ThreadExited, ZxError
from zxio_py.kernel.vmar import Vmar, can_map, valid_protection
from zxio_py.kernel.vmo import Vmo

_PERM_RIGHTS = (
    (abi.ZX_VM_PERM_READ, abi.ZX_RIGHT_READ),
    (abi.ZX_VM_PERM_WRITE, abi.ZX_RIGHT_WRITE),
    (abi.ZX_VM_PERM_EXECUTE, abi.ZX_RIGHT_EXECUTE),
)


def _rights_for(options: int) -> int:
    """Rights for ZX_VM_PERM_ and ZX_VM_CAN_MAP_ bits."""
    rights = 0
    for perm, right in _PERM_RIGHTS:
        if options & (perm | can_map(perm)):
            rights |= right
    return rights


def zx_vmar_allocate(
    c: Caller,
    parent_vmar: int,
    options: int,
    offset: int,
    size: int,
    child_vmar: Pointer,
    child_addr: Pointer,
) -> int:
    """Make a region inside another."""
    parent = c.get(parent_vmar, Vmar, _rights_for(options & ~PERM_MASK))
    region = parent.allocate(options, offset, size)
    try:
        c.write_u64(child_addr, region.base)
        c.give((child_vmar, Vmar(c.kernel, region)))
    except ZxError:
        region.aspace.destroy_region(region)
        raise
    return abi.ZX_OK


def zx_vmar_map(
    c: Caller,
    handle: int,
    options: int,
    vmar_offset: int,
    vmo: int,
    vmo_offset: int,
    len: int,
    mapped_addr: Pointer,
) -> int:
    """Map part of a VMO."""
    vmar = c.get(handle, Vmar, abi.ZX_RIGHT_NONE)
    vmar_rights = c.handle(handle).rights
    memory = c.get(vmo, Vmo, abi.ZX_RIGHT_MAP).memory
    vmo_rights = c.handle(vmo).rights
    if options & abi.ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED:
        options |= abi.ZX_VM_PERM_READ
    options &= ~abi.ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED
    if not valid_protection(options):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if options & abi.ZX_VM_MAP_RANGE and options & abi.ZX_VM_SPECIFIC_OVERWRITE:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    options &= ~abi.ZX_VM_MAP_RANGE
    if options & can_map(PERM_MASK):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    allowed = sum(perm for perm, right in _PERM_RIGHTS if vmo_rights & vmar_rights & right)
    if options & PERM_MASK & ~allowed:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    mapping = vmar.map(options, vmar_offset, memory, vmo_offset, len, allowed)
    try:
        c.write_u64(mapped_addr, mapping.base)
    except ZxError:
        vmar.region.aspace.remove_mapping(mapping)
        raise
    return abi.ZX_OK


def zx_vmar_unmap(c: Caller, handle: int, addr: int, len: int) -> int:
    """Remove what is mapped in a range."""
    vmar = c.get(handle, Vmar, abi.ZX_RIGHT_NONE)
    vmar.unmap(addr, len, bool(c.handle(handle).rights & abi.ZX_RIGHT_OP_CHILDREN))
    return abi.ZX_OK


def zx_vmar_protect(c: Caller, handle: int, options: int, addr: int, len: int) -> int:
    """Change the permissions of what is mapped in a range."""
    if options & abi.ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED:
        options = options & ~abi.ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED | abi.ZX_VM_PERM_READ
    vmar = c.get(handle, Vmar, _rights_for(options & PERM_MASK))
    vmar.protect(options, addr, len, bool(c.handle(handle).rights & abi.ZX_RIGHT_OP_CHILDREN))
    return abi.ZX_OK


def zx_vmar_destroy(c: Caller, handle: int) -> int:
    """Remove a region with all that is in it."""
    vmar = c.get(handle, Vmar, abi.ZX_RIGHT_OP_CHILDREN)
    vmar.destroy()  # BAD_STATE
    return abi.ZX_OK


def zx_vmar_op_range(
    c: Caller, handle: int, op: int, address: int, size: int, buffer: Pointer, buffer_size: int
) -> int:
    """Commit or decommit what is mapped in a range, or hint at its use."""
    vmar = c.get(handle, Vmar, abi.ZX_RIGHT_NONE)
    if buffer != 0 or buffer_size != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    rights = c.handle(handle).rights
    vmar.range_operation(
        op,
        address,
        size,
        writable=bool(rights & abi.ZX_RIGHT_WRITE),
        op_children=bool(rights & abi.ZX_RIGHT_OP_CHILDREN),
    )
    return abi.ZX_OK


def zx_vmar_unmap_handle_close_thread_exit(
    c: Caller, vmar_handle: int, addr: int, size: int, close_handle: int
) -> int:
    """Unmap, close a handle and leave the thread, if the first two succeed."""
    zx_vmar_unmap(c, vmar_handle, addr, size)
    removed = c.handles.remove(close_handle)
    if removed is not None:
        c.kernel.close_handle(removed)
    elif close_handle != abi.ZX_HANDLE_INVALID:
        raise c.bad_handle()
    c.process.exit_thread(c.thread)
    raise ThreadExited("zx_vmar_unmap_handle_close_thread_exit")

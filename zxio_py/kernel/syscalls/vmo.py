"""zx_vmo_*."""

from __future__ import annotations

import struct

from zxio_py import abi
from zxio_py.kernel.bti import Bti
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import PAGE_SHIFT, page_steps
from zxio_py.kernel.vmo import Vmo, VmObject

_LOCK_STATE = struct.Struct("<QQQQ")
_SNAPSHOTS = abi.ZX_VMO_CHILD_SNAPSHOT | abi.ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
_PROPERTY_RIGHTS = abi.ZX_RIGHT_GET_PROPERTY | abi.ZX_RIGHT_SET_PROPERTY

#: Rights that an operation on a range needs; of several, one is enough.
_OP_RIGHTS = {
    abi.ZX_VMO_OP_COMMIT: abi.ZX_RIGHT_WRITE,
    abi.ZX_VMO_OP_DECOMMIT: abi.ZX_RIGHT_WRITE,
    abi.ZX_VMO_OP_ZERO: abi.ZX_RIGHT_WRITE,
    abi.ZX_VMO_OP_LOCK: abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE,
    abi.ZX_VMO_OP_TRY_LOCK: abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE,
    abi.ZX_VMO_OP_UNLOCK: abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE,
    abi.ZX_VMO_OP_CACHE_SYNC: abi.ZX_RIGHT_READ,
    abi.ZX_VMO_OP_CACHE_CLEAN: abi.ZX_RIGHT_READ,
    abi.ZX_VMO_OP_CACHE_CLEAN_INVALIDATE: abi.ZX_RIGHT_READ,
    abi.ZX_VMO_OP_CACHE_INVALIDATE: abi.ZX_RIGHT_WRITE,
    abi.ZX_VMO_OP_DONT_NEED: 0,
    abi.ZX_VMO_OP_ALWAYS_NEED: 0,
}


def zx_vmo_create(c: Caller, size: int, options: int, out: Pointer) -> int:
    """Make a VMO of zeros; the handle has RESIZE if it can be resized."""
    c.check_policy(abi.ZX_POL_NEW_VMO)
    if options & ~(abi.ZX_VMO_RESIZABLE | abi.ZX_VMO_DISCARDABLE):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    resizable = bool(options & abi.ZX_VMO_RESIZABLE)
    memory = VmObject.create(c.kernel, size, resizable)  # OUT_OF_RANGE
    memory.discardable = bool(options & abi.ZX_VMO_DISCARDABLE)
    rights = Vmo.DEFAULT_RIGHTS | (abi.ZX_RIGHT_RESIZE if resizable else 0)
    _give(c, out, memory, rights)
    return abi.ZX_OK


def zx_vmo_create_contiguous(
    c: Caller, bti: int, size: int, alignment_log2: int, out: Pointer
) -> int:
    """Make a VMO whose pages are neighbours, for transfers by devices."""
    if size == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    alignment_log2 = alignment_log2 or PAGE_SHIFT
    if not PAGE_SHIFT <= alignment_log2 < 64:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_VMO)
    c.get(bti, Bti, abi.ZX_RIGHT_MAP)
    memory = VmObject.create_contiguous(c.kernel, size, 1 << alignment_log2)
    _give(c, out, memory, Vmo.DEFAULT_RIGHTS)
    return abi.ZX_OK


def zx_vmo_create_physical(c: Caller, resource: int, paddr: int, size: int, out: Pointer) -> int:
    """Make a VMO of the registers of a device."""
    c.check_policy(abi.ZX_POL_NEW_VMO)
    c.check_resource(resource, abi.ZX_RSRC_KIND_MMIO, paddr, size)
    memory = VmObject.create_physical(c.kernel, paddr, size)  # INVALID_ARGS
    _give(c, out, memory, Vmo.DEFAULT_RIGHTS)
    return abi.ZX_OK


def _give(c: Caller, out: Pointer, memory: VmObject, rights: int) -> None:
    c.install([(out, c.kernel.make_handle(Vmo(c.kernel, memory), rights))])


def zx_vmo_read(c: Caller, handle: int, buffer: Pointer, offset: int, buffer_size: int) -> int:
    """Copy from a VMO to the caller, a page at a time: what comes is what is there by then."""
    memory = c.get(handle, Vmo, abi.ZX_RIGHT_READ).memory
    memory.check_access(offset, buffer_size)  # BAD_STATE, OUT_OF_RANGE
    with memory.kept():
        for done, step in page_steps(offset, buffer_size):
            c.write(c.behind(buffer, done), memory.read(offset + done, step))
    return abi.ZX_OK


def zx_vmo_write(c: Caller, handle: int, buffer: Pointer, offset: int, buffer_size: int) -> int:
    """Copy from the caller to a VMO likewise; what lies before a fault is copied."""
    memory = c.get(handle, Vmo, abi.ZX_RIGHT_WRITE).memory
    memory.check_access(offset, buffer_size)  # BAD_STATE, OUT_OF_RANGE
    with memory.kept():
        for done, step in page_steps(offset, buffer_size):
            memory.expect_write(offset + done, buffer_size - done)
            memory.fill(offset + done, step, c.read_prefix(c.behind(buffer, done), step))
    return abi.ZX_OK


def zx_vmo_get_size(c: Caller, handle: int, size: Pointer) -> int:
    """The size in bytes, in whole pages."""
    memory = c.get(handle, Vmo, abi.ZX_RIGHT_NONE).memory
    c.write_u64(size, memory.size)
    return abi.ZX_OK


def zx_vmo_set_size(c: Caller, handle: int, size: int) -> int:
    """Resize a VMO that can be resized."""
    memory = c.get(handle, Vmo, abi.ZX_RIGHT_WRITE).memory
    if not memory.resizable:
        raise ZxError(abi.ZX_ERR_UNAVAILABLE)
    if not c.handle(handle).rights & abi.ZX_RIGHT_RESIZE:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    memory.set_size(size)  # OUT_OF_RANGE, INVALID_ARGS
    return abi.ZX_OK


def zx_vmo_op_range(
    c: Caller, handle: int, op: int, offset: int, size: int, buffer: Pointer, buffer_size: int
) -> int:
    """Commit, decommit, zero, lock or maintain the caches of part of a VMO."""
    memory = c.get(handle, Vmo, abi.ZX_RIGHT_NONE).memory
    if op not in _OP_RIGHTS:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if op == abi.ZX_VMO_OP_CACHE_INVALIDATE and not c.kernel.debugging_calls:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)  # others' writes could be lost
    if _OP_RIGHTS[op] and not c.handle(handle).rights & _OP_RIGHTS[op]:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    if op == abi.ZX_VMO_OP_COMMIT:
        memory.commit(offset, size)
    elif op == abi.ZX_VMO_OP_DECOMMIT:
        memory.decommit(offset, size)
    elif op == abi.ZX_VMO_OP_ZERO:
        memory.zero(offset, size)
    elif op == abi.ZX_VMO_OP_LOCK:
        memory.lock(offset, size)
        try:
            if buffer_size < _LOCK_STATE.size:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
            c.write(buffer, _LOCK_STATE.pack(0, memory.size, 0, 0))
        except ZxError:
            memory.unlock(offset, size)
            raise
    elif op == abi.ZX_VMO_OP_TRY_LOCK:
        memory.lock(offset, size)
    elif op == abi.ZX_VMO_OP_UNLOCK:
        memory.unlock(offset, size)
    elif op in (abi.ZX_VMO_OP_DONT_NEED, abi.ZX_VMO_OP_ALWAYS_NEED):
        memory.hint(offset, size, op == abi.ZX_VMO_OP_ALWAYS_NEED)
    else:
        memory.cache_operation(offset, size)
    return abi.ZX_OK


def zx_vmo_create_child(
    c: Caller, handle: int, options: int, offset: int, size: int, out: Pointer
) -> int:
    """Make a VMO from another: a copy-on-write snapshot, a slice, a reference."""
    no_write = options & abi.ZX_VMO_CHILD_NO_WRITE
    resizable = options & abi.ZX_VMO_CHILD_RESIZABLE
    if no_write and resizable:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    parent = c.get(handle, Vmo, abi.ZX_RIGHT_DUPLICATE | abi.ZX_RIGHT_READ).memory
    if parent.discardable:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    kind = options & ~abi.ZX_VMO_CHILD_RESIZABLE & ~abi.ZX_VMO_CHILD_NO_WRITE
    if kind in (abi.ZX_VMO_CHILD_SNAPSHOT, abi.ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE):
        weak = kind != abi.ZX_VMO_CHILD_SNAPSHOT
        child = parent.create_snapshot(offset, size, bool(resizable), weak)
    elif kind == abi.ZX_VMO_CHILD_SLICE:
        if resizable:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        child = parent.create_slice(offset, size)
    elif kind == abi.ZX_VMO_CHILD_REFERENCE:
        child = parent.create_reference(offset, size, bool(resizable))
    else:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    source = c.handle(handle)
    if source.rights & abi.ZX_RIGHT_GET_PROPERTY:
        child.name = parent.name
    rights = source.rights | _PROPERTY_RIGHTS
    if no_write:
        rights &= ~abi.ZX_RIGHT_WRITE
        child.immutable = bool(kind & abi.ZX_VMO_CHILD_SNAPSHOT)
    elif kind & _SNAPSHOTS:  # writable, at the expense of executing it
        rights = rights & ~abi.ZX_RIGHT_EXECUTE | abi.ZX_RIGHT_WRITE
    rights &= ~abi.ZX_RIGHT_RESIZE
    if resizable:
        rights |= abi.ZX_RIGHT_RESIZE
    _give(c, out, child, rights)
    return abi.ZX_OK


def zx_vmo_set_cache_policy(c: Caller, handle: int, cache_policy: int) -> int:
    """Say how a VMO is to be cached where it is mapped."""
    if cache_policy & ~abi.ZX_CACHE_POLICY_MASK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    memory = c.get(handle, Vmo, abi.ZX_RIGHT_MAP).memory
    memory.set_cache_policy(cache_policy)  # BAD_STATE
    return abi.ZX_OK


def zx_vmo_replace_as_executable(c: Caller, handle: int, vmex: int, out: Pointer) -> int:
    """Exchange a handle for one with EXECUTE; the old one is always gone."""
    refusal = abi.ZX_OK
    try:
        if vmex != abi.ZX_HANDLE_INVALID:
            c.check_resource(vmex, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_VMEX_BASE)
        else:
            c.check_policy(abi.ZX_POL_AMBIENT_MARK_VMO_EXEC)
    except ZxError as error:
        refusal = error.status  # told only if there is a handle to exchange
    source = c.handles.remove(handle)
    if source is None:
        raise c.bad_handle()
    try:
        if refusal != abi.ZX_OK:
            raise ZxError(refusal)
        if not isinstance(source.object, Vmo):
            raise ZxError(abi.ZX_ERR_BAD_HANDLE)  # it is one: no policy here
        rights = source.rights | abi.ZX_RIGHT_EXECUTE
        c.install([(out, c.kernel.make_handle(source.object, rights))])
    finally:
        c.kernel.close_handle(source)
    return abi.ZX_OK

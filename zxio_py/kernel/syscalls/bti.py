"""zx_iommu_create, zx_bti_*, zx_pmt_unpin."""

import struct
from collections.abc import Iterable

from zxio_py import abi
from zxio_py.kernel.bti import Bti
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.iommu import Iommu
from zxio_py.kernel.pages import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE
from zxio_py.kernel.pmt import Pmt
from zxio_py.kernel.syscalls.system import zx_system_get_physmem
from zxio_py.kernel.vmo import Vmo, VmObject

_PERMISSIONS = abi.ZX_BTI_PERM_READ | abi.ZX_BTI_PERM_WRITE | abi.ZX_BTI_PERM_EXECUTE


def zx_iommu_create(
    c: Caller, resource: int, type: int, desc: Pointer, desc_size: int, out: Pointer
) -> int:
    """Make the dummy IOMMU; there is no other."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_ROOT)
    if desc_size > abi.ZX_IOMMU_MAX_DESC_LEN:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.read(desc, desc_size)
    if type != abi.ZX_IOMMU_TYPE_DUMMY:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if desc_size != abi.STRUCTS["zx_iommu_desc_dummy_t"].size:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out, Iommu(c.kernel)))
    return abi.ZX_OK


def zx_bti_create(c: Caller, iommu: int, options: int, bti_id: int, out: Pointer) -> int:
    """Make the token of a device; the dummy IOMMU knows every one."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out, Bti(c.get(iommu, Iommu, abi.ZX_RIGHT_NONE))))
    return abi.ZX_OK


def _pinnable(c: Caller, vmo: int, options: int) -> VmObject:
    """The VMO to pin, as far as the handle to it lets the device do what *options* say."""
    memory = c.get(vmo, Vmo, abi.ZX_RIGHT_MAP).memory
    # The device reads what it executes; what programs may execute is no concern of its.
    needed = abi.ZX_RIGHT_NONE
    if options & (abi.ZX_BTI_PERM_READ | abi.ZX_BTI_PERM_EXECUTE):
        needed |= abi.ZX_RIGHT_READ
    if options & abi.ZX_BTI_PERM_WRITE:
        needed |= abi.ZX_RIGHT_WRITE
    if needed & ~c.handle(vmo).rights:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    return memory


def _suits(options: int, memory: VmObject) -> bool:
    """Whether the options for the addresses are one at most, and CONTIGUOUS only if it is."""
    how = options & ~_PERMISSIONS
    return how in (0, abi.ZX_BTI_COMPRESS) or (
        how == abi.ZX_BTI_CONTIGUOUS and memory.is_contiguous
    )


def _addresses(c: Caller, memory: VmObject, offset: int, count: int) -> bytes:
    """Where a device finds each page, or the first only."""
    store = memory.store
    first = (memory.base + offset) >> PAGE_SHIFT
    frames: Iterable[int]
    if memory.is_contiguous:
        frames = range(store.first_frame + first, store.first_frame + first + count)
    else:
        pages = [store.pages[index] for index in range(first, first + count)]
        for page in pages:
            page.frame = page.frame or c.kernel.take_frames(1)
        frames = [page.frame for page in pages]
    return struct.pack(f"<{count}Q", *(frame << PAGE_SHIFT for frame in frames))


def zx_bti_pin(
    c: Caller,
    handle: int,
    options: int,
    vmo: int,
    offset: int,
    size: int,
    addrs: Pointer,
    num_addrs: int,
    pmt: Pointer,
) -> int:
    """Pin memory for a device and tell where it is."""
    bti = c.get(handle, Bti, abi.ZX_RIGHT_MAP)
    if (offset | size) & PAGE_MASK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    memory = _pinnable(c, vmo, options)
    if not _suits(options, memory):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if num_addrs > zx_system_get_physmem(c) // 8:
        raise ZxError(abi.ZX_ERR_NO_MEMORY)  # of so many addresses
    writes = bool(options & abi.ZX_BTI_PERM_WRITE)
    token = Pmt.create(bti, memory, offset, size, writes)  # INVALID_ARGS, OUT_OF_RANGE, BAD_STATE
    expected = 1 if options & abi.ZX_BTI_CONTIGUOUS else size // PAGE_SIZE
    try:
        if not options & _PERMISSIONS or num_addrs != expected:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        c.write(addrs, _addresses(c, memory, offset, num_addrs))
    except ZxError:
        token.unpin()
        raise
    c.give((pmt, token))  # a handle that cannot be stored is closed, which means quarantine
    return abi.ZX_OK


def zx_bti_release_quarantine(c: Caller, handle: int) -> int:
    """Let the memory go whose tokens were closed without being unpinned."""
    c.get(handle, Bti, abi.ZX_RIGHT_WRITE).release_quarantine()
    return abi.ZX_OK


def zx_pmt_unpin(c: Caller, handle: int) -> int:
    """Let pinned memory go; the handle is gone in any case."""
    source = c.handles.remove(handle)
    if source is None:
        raise c.bad_handle()
    try:
        if not isinstance(source.object, Pmt):
            raise ZxError(abi.ZX_ERR_WRONG_TYPE)
        source.object.unpin()
    finally:
        c.kernel.close_handle(source)
    return abi.ZX_OK

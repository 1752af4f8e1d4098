"""Virtual memory address regions as objects with handles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel import vdso
from zxio_py.kernel.aspace import CAN_MAP_MASK, PERM_MASK, Mapping, Region
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import PAGE_MASK, PAGE_SIZE, round_up

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.vmo import VmObject

#: A ZX_VM_CAN_MAP_ bit is the ZX_VM_PERM_ bit, this much higher.
_CAN_MAP_SHIFT = 7
_CAN_RWX = CAN_MAP_MASK & ~abi.ZX_VM_CAN_MAP_SPECIFIC

_PLACEMENT = abi.ZX_VM_SPECIFIC | abi.ZX_VM_SPECIFIC_OVERWRITE | abi.ZX_VM_OFFSET_IS_UPPER_LIMIT
_ALLOCATE_FLAGS = (
    CAN_MAP_MASK | abi.ZX_VM_COMPACT | abi.ZX_VM_SPECIFIC | abi.ZX_VM_OFFSET_IS_UPPER_LIMIT
)
_MAP_FLAGS = PERM_MASK | _PLACEMENT | abi.ZX_VM_REQUIRE_NON_RESIZABLE | abi.ZX_VM_ALLOW_FAULTS
_ALIGN_MASK = 0xFF << abi.ZX_VM_ALIGN_BASE
_ALIGN_LOG2 = range(10, 33)


def valid_protection(perms: int) -> bool:
    """Whether mappings can have these permissions: what is not readable is nothing else."""
    return bool(perms & abi.ZX_VM_PERM_READ) or not perms & PERM_MASK


def can_map(perms: int) -> int:
    """The ZX_VM_CAN_MAP_ bits for ZX_VM_PERM_ bits."""
    return (perms & PERM_MASK) << _CAN_MAP_SHIFT


class Vmar(Dispatcher):
    """A region of an address space."""

    __slots__ = ("region",)

    TYPE = abi.ZX_OBJ_TYPE_VMAR
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_VMAR_RIGHTS
    WAITABLE = False

    def __init__(self, kernel: Kernel, region: Region) -> None:
        super().__init__(kernel)
        self.region = region

    @property
    def initial_rights(self) -> int:
        """Rights of its first handle: by what may be mapped."""
        rights = self.DEFAULT_RIGHTS
        for flag, right in (
            (abi.ZX_VM_CAN_MAP_READ, abi.ZX_RIGHT_READ),
            (abi.ZX_VM_CAN_MAP_WRITE, abi.ZX_RIGHT_WRITE),
            (abi.ZX_VM_CAN_MAP_EXECUTE, abi.ZX_RIGHT_EXECUTE),
        ):
            if self.region.flags & flag:
                rights |= right
        return rights

    # Allocating and mapping --------------------------------------------------------------

    def allocate(self, options: int, offset: int, size: int) -> Region:
        """A new child region of *size* bytes; *options* are ZX_VM_ bits."""
        align = _alignment(options)
        if options & ~_ALLOCATE_FLAGS & ~_ALIGN_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if size & PAGE_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        base = self._place(options, offset, size, align, options & _CAN_RWX)
        region = self.region
        child = Region(region.aspace, base, size, options & CAN_MAP_MASK, region)
        region.insert(child)
        return child

    def map(
        self, options: int, offset: int, vmo: VmObject, vmo_offset: int, length: int, allowed: int
    ) -> Mapping:
        """Map *length* bytes of *vmo*; *allowed*: ZX_VM_PERM_ bits it may ever have."""
        align = _alignment(options)
        if options & ~_MAP_FLAGS & ~_ALIGN_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if options & abi.ZX_VM_REQUIRE_NON_RESIZABLE and vmo.resizable:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if vmo.discardable and not options & abi.ZX_VM_ALLOW_FAULTS:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        region = self.region
        perms = options & PERM_MASK
        if can_map(perms) & ~region.flags:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        size = round_up(length)
        if size >= 1 << 64:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if vmo_offset & PAGE_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if vmo_offset + size >= 1 << 64:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        base = self._place(options, offset, size, align, 0)
        aspace = region.aspace
        is_vdso_code = vmo is self.kernel.vdso.memory and bool(perms & abi.ZX_VM_PERM_EXECUTE)
        if is_vdso_code:  # once, and as a whole
            exact = vmo_offset == vdso.CODE_OFFSET and size == vdso.CODE_SIZE
            if not exact or aspace.vdso_code is not None:
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        if options & abi.ZX_VM_SPECIFIC_OVERWRITE:
            self._clear(base, base + size, whole_regions=False)
        limit = allowed & (region.flags >> _CAN_MAP_SHIFT)
        mapping = aspace.add_mapping(
            region, base, size, vmo.store, vmo.base + vmo_offset, perms, limit, vmo, vmo.name
        )
        if is_vdso_code:
            aspace.vdso_code = mapping
        return mapping

    def _place(self, options: int, offset: int, size: int, align: int, can_rwx: int) -> int:
        """Where a child of *size* bytes goes, over others if it is to overwrite."""
        region = self.region
        if not region.alive:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if size == 0:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if can_rwx & ~region.flags:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        overwrite = options & abi.ZX_VM_SPECIFIC_OVERWRITE
        specific = overwrite or options & abi.ZX_VM_SPECIFIC
        upper = options & abi.ZX_VM_OFFSET_IS_UPPER_LIMIT
        if (specific and upper) or (offset and not specific and not upper) or offset & PAGE_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if (specific or upper) and not region.flags & abi.ZX_VM_CAN_MAP_SPECIFIC:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        if upper:
            if offset > region.size or size > offset:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        elif offset >= region.size or size > region.size - offset:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if not specific:
            base = region.find_spot(size, align, region.base + offset if upper else None)
            if base is None:
                raise ZxError(abi.ZX_ERR_NO_RESOURCES)
            return base
        base = region.base + offset
        if base % align:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if not overwrite and region.overlapping(base, base + size):
            raise ZxError(abi.ZX_ERR_ALREADY_EXISTS)
        return base

    # Unmapping ---------------------------------------------------------------------------

    def unmap(self, address: int, length: int, op_children: bool) -> None:
        """Remove mappings, and sub-regions that lie in the range as a whole."""
        size = round_up(length)
        if address & PAGE_MASK or size == 0 or size >= 1 << 64:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        region = self.region
        if not region.alive:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if not _inside(region, address, size):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self._clear(address, address + size, whole_regions=op_children)

    def _clear(self, base: int, end: int, whole_regions: bool) -> None:
        """Empty [base, end); INVALID_ARGS if a sub-region is in the way, ACCESS_DENIED."""
        region, aspace = self.region, self.region.aspace
        if aspace.has_vdso_code(base, end):
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        children = region.overlapping(base, end)
        for child in children:
            inside = base <= child.base and child.end <= end
            if isinstance(child, Region) and not (whole_regions and inside):
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        for child in children:
            if isinstance(child, Region):
                aspace.destroy_region(child)
            elif isinstance(child, Mapping):
                aspace.cut_mapping(child, base, end)

    def destroy(self) -> None:
        """Remove the region with all that is in it.

        BAD_STATE: it is gone already; NOT_SUPPORTED: the root region ends with its process;
        ACCESS_DENIED: the vDSO's code is in it.
        """
        if not self.region.alive:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if self.region.parent is None:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        self.region.aspace.destroy_region(self.region)

    # Protecting and range operations -----------------------------------------------------

    def protect(self, perms: int, address: int, length: int, op_children: bool) -> None:
        """Change the permissions of every mapping in the range, or of none."""
        if address & PAGE_MASK or not valid_protection(perms) or perms & ~PERM_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        size = round_up(length)
        if size == 0 or size >= 1 << 64:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        region = self.region
        if not region.alive:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if not _inside(region, address, size):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        end = address + size
        if region.aspace.has_vdso_code(address, end):
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        mappings: list[Mapping] = []
        for mapping in _leaves(region, address, end, abi.ZX_ERR_NOT_FOUND):
            if perms & ~mapping.limit:
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
            if mapping.region is not region:
                if not op_children:
                    raise ZxError(abi.ZX_ERR_INVALID_ARGS)
                if perms & ~mapping.perms:  # an ancestor can only take permissions away
                    raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
            mappings.append(mapping)
        for mapping in mappings:
            region.aspace.protect_mapping(mapping, max(address, mapping.base), end, perms)

    def range_operation(
        self, op: int, address: int, length: int, writable: bool, op_children: bool
    ) -> None:
        """zx_vmar_op_range: commit or decommit pages of mappings, or hint at their use."""
        commits = op in (abi.ZX_VMAR_OP_COMMIT, abi.ZX_VMAR_OP_DECOMMIT)
        hints = op in (
            abi.ZX_VMAR_OP_MAP_RANGE,
            abi.ZX_VMAR_OP_DONT_NEED,
            abi.ZX_VMAR_OP_ALWAYS_NEED,
        )
        if (address | length) & PAGE_MASK or length == 0:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        region = self.region
        if not region.alive:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if not _inside(region, address, length):
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if not commits and not hints:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        end = address + length
        for node in _leaves(region, address, end, abi.ZX_ERR_BAD_STATE):
            if node.region is not region and not op_children:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
            if hints:
                if op == abi.ZX_VMAR_OP_ALWAYS_NEED:
                    _need(node, max(address, node.base), min(end, node.end))
                continue
            if not writable or not node.perms & abi.ZX_VM_PERM_WRITE:
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
            if node.vmo is None:
                raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
            start = max(address, node.base)
            offset = start - node.base + node.offset - node.vmo.base
            if op == abi.ZX_VMAR_OP_COMMIT:
                node.vmo.commit(offset, min(end, node.end) - start)
            else:
                node.vmo.decommit(offset, min(end, node.end) - start)


def _need(mapping: Mapping, start: int, end: int) -> None:
    """Have what a mapping shows in a range come, as far as there is any."""
    memory = mapping.vmo
    if memory is not None and not memory.store.is_device:
        offset = start - mapping.base + mapping.offset - memory.base
        memory.hint(min(offset, memory.size), max(min(end - start, memory.size - offset), 0), True)


def _alignment(options: int) -> int:
    """The alignment asked for in bytes, at least a page; INVALID_ARGS for an unknown one."""
    log2 = options >> abi.ZX_VM_ALIGN_BASE
    if log2 and log2 not in _ALIGN_LOG2:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return max(1 << log2, PAGE_SIZE)


def _inside(region: Region, address: int, size: int) -> bool:
    return region.base <= address < region.end and size <= region.end - address


def _leaves(region: Region, address: int, end: int, gap: int) -> Iterator[Mapping]:
    """Mappings met in [address, end), also those in sub-regions, by address.

    Raises the status *gap* where nothing is mapped.
    """
    at = address
    for child in region.overlapping(address, end):
        if child.base > at:
            raise ZxError(gap)
        at = min(child.end, end)
        if isinstance(child, Region):
            yield from _leaves(child, max(address, child.base), at, gap)
        elif isinstance(child, Mapping):
            yield child
    if at < end:
        raise ZxError(gap)

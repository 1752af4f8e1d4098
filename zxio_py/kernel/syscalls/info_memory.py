"""What zx_object_get_info says of memory: regions, VMOs, and what a process has of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from zxio_py import abi
from zxio_py.abi.model import Topic
from zxio_py.kernel.aspace import AddressSpace, Node, Region
from zxio_py.kernel.aspace import Mapping as VmMapping
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.handle import Handle
from zxio_py.kernel.process import Process
from zxio_py.kernel.records import record
from zxio_py.kernel.vmar import Vmar
from zxio_py.kernel.vmo import Vmo, VmObject


def process_maps(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """The tree of its regions and mappings, from the top."""
    process = handle.object
    assert isinstance(process, Process)
    entries = []
    for aspace in process.aspaces:
        root = aspace.root
        if not root.alive:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        kind = abi.ZX_INFO_MAPS_TYPE_ASPACE
        entries.append(
            record(topic.record, name=process.name, base=root.base, size=root.size, type=kind)
        )
        entries += [_map_entry(topic, depth, node) for depth, node in _nodes(root)]
    return entries


def _map_entry(topic: Topic, depth: int, node: Node) -> bytes:
    if not isinstance(node, VmMapping):
        return record(
            topic.record,
            name=b"useralloc" if node.parent else b"root",
            base=node.base,
            size=node.size,
            depth=depth,
            type=abi.ZX_INFO_MAPS_TYPE_VMAR,
        )
    mapped = record(
        "zx_info_maps_mapping_t",
        mmu_flags=node.perms,
        vmo_koid=node.vmo.koid if node.vmo is not None else 0,
        vmo_offset=node.offset - (node.vmo.base if node.vmo is not None else 0),
        committed_pages=node.committed,
    )
    return record(
        topic.record,
        name=node.name,
        base=node.base,
        size=node.size,
        depth=depth,
        type=abi.ZX_INFO_MAPS_TYPE_MAPPING,
        **{"u.mapping": mapped},
    )


def process_vmos(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """VMOs it has handles to, then those it has mapped."""
    process = _alive(handle)
    if not process.started:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    entries = []
    for _, held in process.handles.items():
        if isinstance(held.object, Vmo):
            memory = held.object.memory
            flags = abi.ZX_INFO_VMO_VIA_HANDLE
            entries.append(_vmo_record(topic, memory, held.rights, flags))
    for aspace in reversed(process.aspaces):
        for _, node in _nodes(aspace.root):
            if isinstance(node, VmMapping) and node.vmo is not None:
                entries.append(_vmo_record(topic, node.vmo, 0, abi.ZX_INFO_VMO_VIA_MAPPING))
    return entries


class _Usage(NamedTuple):
    """Bytes of an address space: mapped, committed alone and with others, the latter's share."""

    mapped: int
    private: int
    shared: int
    scaled: int


def _usage(aspace: AddressSpace) -> _Usage:
    mapped = private = shared = scaled = 0
    for _, node in _nodes(aspace.root):
        if isinstance(node, VmMapping):
            mapped += node.size
            committed = node.committed * abi.ZX_PAGE_SIZE
            sharers = 1 if node.vmo is None else node.vmo.share_count
            if sharers > 1:
                shared += committed
                scaled += committed // sharers
            else:
                private += committed
    return _Usage(mapped, private, shared, scaled)


def task_stats(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """How much it has mapped, alone and with others."""
    process = _alive(handle)
    usage = _usage(process.aspace)
    sharers = 1 if process.sharing is None else process.sharing.processes
    if sharers > 1:  # nothing of what it shares is its own
        scaled = usage.scaled // sharers + usage.private // sharers
        usage = _Usage(usage.mapped, 0, usage.private + usage.shared, scaled)
    if process.restricted is not None:
        own = _usage(process.restricted)
        usage = _Usage(*(one + other for one, other in zip(usage, own, strict=True)))
    return [
        record(
            topic.record,
            mem_mapped_bytes=usage.mapped,
            mem_private_bytes=usage.private,
            mem_shared_bytes=usage.shared,
            mem_scaled_shared_bytes=usage.scaled,
        )
    ]


def _nodes(root: Region) -> Iterator[tuple[int, Node]]:
    """Regions and mappings by address, each with its depth, a region before what is in it."""
    pending: list[tuple[int, Node]] = [(1, root)]
    while pending:
        depth, node = pending.pop()
        yield depth, node
        if isinstance(node, Region):
            pending += [(depth + 1, child) for child in reversed(node.children)]


def _alive(handle: Handle) -> Process:
    process = handle.object
    assert isinstance(process, Process)
    if process.dead:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    return process


def vmar(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """Where the region lies, or lay while it was alive."""
    vmar = handle.object
    assert isinstance(vmar, Vmar)
    return [record(topic.record, base=vmar.region.base, len=vmar.region.size)]


def vmo(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """All about a VMO."""
    assert isinstance(handle.object, Vmo)
    return [_vmo_record(topic, handle.object.memory, handle.rights, abi.ZX_INFO_VMO_VIA_HANDLE)]


def _vmo_record(topic: Topic, memory: VmObject, rights: int, flags: int) -> bytes:
    for is_so, flag in (
        (not memory.store.is_device, abi.ZX_INFO_VMO_TYPE_PAGED),
        (memory.is_contiguous, abi.ZX_INFO_VMO_CONTIGUOUS),
        (memory.resizable, abi.ZX_INFO_VMO_RESIZABLE),
        (memory.kind == "snapshot", abi.ZX_INFO_VMO_IS_COW_CLONE),
        (memory.discardable, abi.ZX_INFO_VMO_DISCARDABLE),
        (memory.immutable, abi.ZX_INFO_VMO_IMMUTABLE),
        (memory.store.paged, abi.ZX_INFO_VMO_PAGER_BACKED),
    ):
        if is_so:
            flags |= flag
    owns = memory.kind not in ("slice", "reference")
    committed = memory.store.committed(memory.base, memory.size) if owns else 0
    values: dict[str, int | bytes] = {
        "koid": memory.koid,
        "name": memory.name,
        "size_bytes": memory.size,
        "parent_koid": memory.parent_koid,
        "num_children": len(memory.children),
        "num_mappings": memory.mapping_count,
        "share_count": memory.share_count,
        "flags": flags,
        "committed_bytes": committed * abi.ZX_PAGE_SIZE,
        "handle_rights": rights if flags & abi.ZX_INFO_VMO_VIA_HANDLE else 0,
        "cache_policy": memory.cache_policy,
    }
    if topic.record == "zx_info_vmo_t":
        values["metadata_bytes"] = committed * 8
    return record(topic.record, **values)

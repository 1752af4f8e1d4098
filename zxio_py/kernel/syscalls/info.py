"""zx_object_get_info: one function per topic gathers the records, one place copies them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zxio_py import abi
from zxio_py.abi.model import Topic
from zxio_py.kernel.aspace import Mapping as VmMapping
from zxio_py.kernel.aspace import Node, Region
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.handle import Handle
from zxio_py.kernel.job import Job
from zxio_py.kernel.process import Process
from zxio_py.kernel.records import record
from zxio_py.kernel.resource import Resource
from zxio_py.kernel.socket import CAPACITY, Socket
from zxio_py.kernel.stream import Stream
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.timer import Timer
from zxio_py.kernel.vmar import Vmar
from zxio_py.kernel.vmo import Vmo, VmObject


def zx_object_get_info(
    c: Caller,
    handle: int,
    topic: int,
    buffer: Pointer,
    buffer_size: int,
    actual: Pointer,
    avail: Pointer,
) -> int:
    """Say something about an object."""
    gather = _GATHER.get(topic)
    if gather is None:
        raise _refusal(c, handle, topic)
    if topic == abi.ZX_INFO_HANDLE_VALID:
        if c.handles.get(handle) is None:  # asking is no offence: no policy here
            raise ZxError(abi.ZX_ERR_BAD_HANDLE)
        return abi.ZX_OK
    source = c.handle(handle)
    described = abi.TOPICS_BY_VALUE[topic]
    kinds, rights = _SUBJECTS[topic]
    if len(kinds) == 1 and not isinstance(source.object, kinds):
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    if rights & ~source.rights:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    if not isinstance(source.object, kinds):  # of topics for several types
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    assert described.record is not None
    room = buffer_size // _record_size(described.record)
    try:
        records = gather(c, source, described)
    except ZxError:
        if topic in _COUNTS_WITHOUT_PROCESS:
            _tell(c, actual, avail, room * _COUNTS_WITHOUT_PROCESS[topic], 0)
        raise
    fitting = min(room, len(records))
    if fitting:
        c.write(buffer, b"".join(records[:fitting]))
    _tell(c, actual, avail, fitting, len(records))
    if not described.array and not fitting:
        raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)
    return abi.ZX_OK


def _refusal(c: Caller, handle: int, topic: int) -> ZxError:
    """Why nothing is told: of topics that exist, the handle is judged first."""
    if topic in _MACHINE_TOPICS:
        c.check_resource(handle, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_INFO_BASE)
    elif topic in _ABSENT_OBJECTS:
        c.handle(handle)
        return ZxError(abi.ZX_ERR_WRONG_TYPE)
    return ZxError(abi.ZX_ERR_NOT_SUPPORTED)


#: Statistics of the machine, which is emulated and has none.
_MACHINE_TOPICS = (
    abi.ZX_INFO_CPU_STATS,
    abi.ZX_INFO_KMEM_STATS,
    abi.ZX_INFO_KMEM_STATS_EXTENDED,
    abi.ZX_INFO_GUEST_STATS,
)
#: About types of which there are no objects here.
_ABSENT_OBJECTS = (abi.ZX_INFO_BTI, abi.ZX_INFO_MSI, abi.ZX_INFO_VCPU)


def _tell(c: Caller, actual: Pointer, avail: Pointer, stored: int, present: int) -> None:
    if actual != 0:
        c.write_u64(actual, stored)
    if avail != 0:
        c.write_u64(avail, present)


#: Topics that tell counts even if the process is not there: whether the room that the caller has
#: counts as filled then.
_COUNTS_WITHOUT_PROCESS: Mapping[int, bool] = {
    abi.ZX_INFO_PROCESS_MAPS: False,
    abi.ZX_INFO_PROCESS_VMOS: True,
    abi.ZX_INFO_PROCESS_VMOS_V1: True,
}


def _record_size(name: str) -> int:
    return 8 if name == "zx_koid_t" else abi.STRUCTS[name].size


def _koids(objects: Mapping[int, Dispatcher]) -> list[bytes]:
    return [koid.to_bytes(8, "little") for koid in objects]


# Any object ----------------------------------------------------------------------------------


def _handle_valid(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    return []


def _handle_basic(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    object = handle.object
    return [
        record(
            topic.record,
            koid=object.koid,
            rights=handle.rights,
            type=object.TYPE,
            related_koid=object.related_koid,
        )
    ]


def _handle_count(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    return [record(topic.record, handle_count=handle.object.handle_count)]


# Tasks ---------------------------------------------------------------------------------------


def _job(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    job = handle.object
    assert isinstance(job, Job)
    return [
        record(
            topic.record,
            return_code=job.retcode,
            exited=job.dead,
            kill_on_oom=job.kill_on_oom,
        )
    ]


def _job_children(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    assert isinstance(handle.object, Job)
    return _koids(handle.object.children)


def _job_processes(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    assert isinstance(handle.object, Job)
    return _koids(handle.object.processes)


def _process(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    process = handle.object
    assert isinstance(process, Process)
    flags = 0
    if process.started or process.dead:  # a dead process counts as started, even if it never ran
        flags |= abi.ZX_INFO_PROCESS_FLAG_STARTED
    if process.dead:
        flags |= abi.ZX_INFO_PROCESS_FLAG_EXITED
    return [
        record(
            topic.record,
            return_code=process.retcode,
            start_time=process.start_time,
            flags=flags,
        )
    ]


def _process_threads(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    assert isinstance(handle.object, Process)
    return _koids(handle.object.threads)


def _process_maps(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    process = _running(handle)
    if not process.started:
        return []
    root = process.aspace.root
    entries = [
        record(
            topic.record,
            name=process.name,
            base=root.base,
            size=root.size,
            type=abi.ZX_INFO_MAPS_TYPE_ASPACE,
        )
    ]
    pending: list[tuple[int, Node]] = [(1, root)]
    while pending:
        depth, node = pending.pop()
        entries.append(_map_entry(topic, depth, node))
        if isinstance(node, Region):
            pending += [(depth + 1, child) for child in reversed(node.children)]
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
        committed_pages=node.store.committed(node.offset, node.size),
    )
    entry = bytearray(
        record(
            topic.record,
            name=node.name,
            base=node.base,
            size=node.size,
            depth=depth,
            type=abi.ZX_INFO_MAPS_TYPE_MAPPING,
        )
    )
    place = abi.STRUCTS["zx_info_maps_t"].field("u.mapping")
    entry[place.offset : place.offset + place.size] = mapped
    return bytes(entry)


def _process_vmos(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    process = _running(handle)
    if not process.started:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    entries = []
    for _, held in process.handles.items():
        if isinstance(held.object, Vmo):
            memory = held.object.memory
            flags = abi.ZX_INFO_VMO_VIA_HANDLE
            entries.append(_vmo_record(topic, memory, held.rights, flags))
    pending: list[Node] = [process.aspace.root]
    while pending:
        node = pending.pop()
        if isinstance(node, Region):
            pending += reversed(node.children)
        elif isinstance(node, VmMapping) and node.vmo is not None:
            entries.append(_vmo_record(topic, node.vmo, 0, abi.ZX_INFO_VMO_VIA_MAPPING))
    return entries


def _running(handle: Handle) -> Process:
    process = handle.object
    assert isinstance(process, Process)
    if process.dead:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    return process


def _task_stats(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    process = _running(handle)
    if not process.started:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    mapped = private = shared = 0
    pending: list[Node] = [process.aspace.root]
    while pending:
        node = pending.pop()
        if isinstance(node, Region):
            pending += node.children
        elif isinstance(node, VmMapping):
            mapped += node.size
            committed = node.store.committed(node.offset, node.size) * abi.ZX_PAGE_SIZE
            if len(node.store.mappings) == 1:
                private += committed
            else:
                shared += committed
    return [
        record(
            topic.record,
            mem_mapped_bytes=mapped,
            mem_private_bytes=private,
            mem_shared_bytes=shared,
            mem_scaled_shared_bytes=shared,
        )
    ]


def _handle_stats(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    counts = bytearray(4 * abi.ZX_OBJ_TYPE_UPPER_BOUND)
    assert isinstance(handle.object, Process)
    for _, held in handle.object.handles.items():
        at = 4 * held.object.TYPE
        count = int.from_bytes(counts[at : at + 4], "little") + 1
        counts[at : at + 4] = count.to_bytes(4, "little")
    return [bytes(counts)]


def _handle_table(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    assert isinstance(handle.object, Process)
    return [
        record(
            topic.record,
            type=held.object.TYPE,
            handle_value=value,
            rights=held.rights,
            koid=held.object.koid,
            related_koid=held.object.related_koid,
        )
        for value, held in handle.object.handles.items()
    ]


def _thread(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    thread = handle.object
    assert isinstance(thread, Thread)
    return [
        record(
            topic.record,
            state=thread.current_state(),
            wait_exception_channel_type=abi.ZX_EXCEPTION_CHANNEL_TYPE_NONE,
            cpu_affinity_mask=b"\x01",
        )
    ]


def _thread_stats(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    thread = handle.object
    assert isinstance(thread, Thread)
    if thread.state == abi.ZX_THREAD_STATE_DEAD:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    cpu = abi.ZX_INFO_INVALID_CPU if thread.state == abi.ZX_THREAD_STATE_NEW else 0
    return [record(topic.record, total_runtime=0, last_scheduled_cpu=cpu)]


def _exception_report(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    raise ZxError(abi.ZX_ERR_BAD_STATE)  # no thread of the emulation stops in an exception


def _task_runtime(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    return [record(topic.record)]


# Memory --------------------------------------------------------------------------------------


def _vmar(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    vmar = handle.object
    assert isinstance(vmar, Vmar)
    alive = vmar.region.alive
    base, size = (vmar.region.base, vmar.region.size) if alive else (0, 0)
    return [record(topic.record, base=base, len=size)]


def _vmo(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    assert isinstance(handle.object, Vmo)
    return [_vmo_record(topic, handle.object.memory, handle.rights, abi.ZX_INFO_VMO_VIA_HANDLE)]


def _vmo_record(topic: Topic, memory: VmObject, rights: int, flags: int) -> bytes:
    flags |= abi.ZX_INFO_VMO_TYPE_PAGED
    for is_so, flag in (
        (memory.resizable, abi.ZX_INFO_VMO_RESIZABLE),
        (memory.kind == "snapshot", abi.ZX_INFO_VMO_IS_COW_CLONE),
        (memory.discardable, abi.ZX_INFO_VMO_DISCARDABLE),
        (memory.immutable, abi.ZX_INFO_VMO_IMMUTABLE),
    ):
        if is_so:
            flags |= flag
    owns = memory.kind in ("anonymous", "snapshot")
    committed = memory.store.committed(memory.base, memory.size) if owns else 0
    sharers = {id(mapping.region.aspace) for mapping in memory.store.mappings}
    values: dict[str, int | bytes] = {
        "koid": memory.koid,
        "name": memory.name,
        "size_bytes": memory.size,
        "parent_koid": memory.parent_koid,
        "num_children": len(memory.children),
        "num_mappings": memory.mapping_count,
        "share_count": len(sharers),
        "flags": flags,
        "committed_bytes": committed * abi.ZX_PAGE_SIZE,
        "handle_rights": rights if flags & abi.ZX_INFO_VMO_VIA_HANDLE else 0,
        "cache_policy": memory.cache_policy,
    }
    if topic.record == "zx_info_vmo_t":
        values["metadata_bytes"] = committed * 8
    return record(topic.record, **values)


# Other objects -------------------------------------------------------------------------------


def _resource(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    resource = handle.object
    assert isinstance(resource, Resource)
    return [
        record(
            topic.record,
            kind=resource.kind,
            flags=resource.flags,
            base=resource.base,
            size=resource.size,
            name=resource.name,
        )
    ]


def _socket(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    socket = handle.object
    assert isinstance(socket, Socket)
    peer = socket.peer
    return [
        record(
            topic.record,
            options=socket.options,
            rx_buf_max=CAPACITY,
            rx_buf_size=socket.incoming.size,
            rx_buf_available=socket.waiting(),
            tx_buf_max=CAPACITY if peer is not None else 0,
            tx_buf_size=peer.incoming.size if peer is not None else 0,
        )
    ]


def _stream(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    stream = handle.object
    assert isinstance(stream, Stream)
    return [
        record(
            topic.record,
            options=stream.options,
            seek=stream.seek,
            content_size=stream.memory.content.size,
        )
    ]


def _timer(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    timer = handle.object
    assert isinstance(timer, Timer)
    return [record(topic.record, options=timer.options, deadline=timer.deadline, slack=timer.slack)]


_GATHER: Mapping[int, Callable[[Caller, Handle, Topic], list[bytes]]] = {
    abi.ZX_INFO_HANDLE_VALID: _handle_valid,
    abi.ZX_INFO_HANDLE_BASIC: _handle_basic,
    abi.ZX_INFO_HANDLE_COUNT: _handle_count,
    abi.ZX_INFO_JOB: _job,
    abi.ZX_INFO_JOB_CHILDREN: _job_children,
    abi.ZX_INFO_JOB_PROCESSES: _job_processes,
    abi.ZX_INFO_PROCESS: _process,
    abi.ZX_INFO_PROCESS_THREADS: _process_threads,
    abi.ZX_INFO_PROCESS_MAPS: _process_maps,
    abi.ZX_INFO_PROCESS_VMOS: _process_vmos,
    abi.ZX_INFO_PROCESS_VMOS_V1: _process_vmos,
    abi.ZX_INFO_PROCESS_HANDLE_STATS: _handle_stats,
    abi.ZX_INFO_HANDLE_TABLE: _handle_table,
    abi.ZX_INFO_TASK_STATS: _task_stats,
    abi.ZX_INFO_TASK_RUNTIME: _task_runtime,
    abi.ZX_INFO_TASK_RUNTIME_V1: _task_runtime,
    abi.ZX_INFO_THREAD: _thread,
    abi.ZX_INFO_THREAD_STATS: _thread_stats,
    abi.ZX_INFO_THREAD_EXCEPTION_REPORT: _exception_report,
    abi.ZX_INFO_THREAD_EXCEPTION_REPORT_V1: _exception_report,
    abi.ZX_INFO_VMAR: _vmar,
    abi.ZX_INFO_VMO: _vmo,
    abi.ZX_INFO_VMO_V1: _vmo,
    abi.ZX_INFO_RESOURCE: _resource,
    abi.ZX_INFO_SOCKET: _socket,
    abi.ZX_INFO_STREAM: _stream,
    abi.ZX_INFO_TIMER: _timer,
}

_KINDS: Mapping[str, tuple[type[Dispatcher], ...]] = {
    "any": (Dispatcher,),
    "job": (Job,),
    "process": (Process,),
    "job, process, thread": (Job, Process, Thread),
    "thread": (Thread,),
    "vmar": (Vmar,),
    "vmo": (Vmo,),
    "resource": (Resource,),
    "socket": (Socket,),
    "stream": (Stream,),
    "timer": (Timer,),
}

_RIGHTS = {name: bit for bit, name in abi.RIGHT_BITS} | {"none": abi.ZX_RIGHT_NONE}

#: Types of object a topic is about and the rights it needs, by topic.
_SUBJECTS: Mapping[int, tuple[tuple[type[Dispatcher], ...], int]] = {
    value: (
        _KINDS[abi.TOPICS_BY_VALUE[value].object_type],
        sum(_RIGHTS[name] for name in abi.TOPICS_BY_VALUE[value].rights.split(", ")),
    )
    for value in _GATHER
}

"""zx_object_get_info: one function per topic gathers the records, one place copies them out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zxio_py import abi
from zxio_py.abi.model import Topic
from zxio_py.kernel.bti import Bti
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
from zxio_py.kernel.syscalls import info_memory, info_tasks
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.timer import Timer
from zxio_py.kernel.vmar import Vmar
from zxio_py.kernel.vmo import Vmo


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
        fitting = min(room, len(records))
        if fitting:
            c.write(buffer, b"".join(records[:fitting]))
    except ZxError:
        if topic in _COUNTS_IN_ANY_CASE:
            _tell(c, actual, avail, room * _COUNTS_IN_ANY_CASE[topic], 0)
        raise
    _tell(c, actual, avail, fitting, len(records))
    if not described.array and not fitting:
        raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)
    return abi.ZX_OK


def _refusal(c: Caller, handle: int, topic: int) -> ZxError:
    """Why nothing is told: of topics that exist, the handle is judged first."""
    described = abi.TOPICS_BY_VALUE.get(topic)
    about = described.object_type if described is not None else "any"
    if about == "resource SYSTEM/INFO":  # statistics of the machine, which is emulated: none
        c.check_resource(handle, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_INFO_BASE)
    elif about not in _KINDS:  # there are no objects of this type here
        return c.refuse(handle)
    return ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _tell(c: Caller, actual: Pointer, avail: Pointer, stored: int, present: int) -> None:
    if actual != 0:
        c.write_u64(actual, stored)
    if avail != 0:
        c.write_u64(avail, present)


#: Topics that tell counts even if they fail: whether the room that the caller has counts as filled
#: then.
_COUNTS_IN_ANY_CASE: Mapping[int, bool] = {
    abi.ZX_INFO_PROCESS_MAPS: False,
    abi.ZX_INFO_PROCESS_VMOS: True,
    abi.ZX_INFO_PROCESS_VMOS_V1: True,
}


def _record_size(name: str) -> int:
    return 8 if name == "zx_koid_t" else abi.STRUCTS[name].size


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


# Other objects -------------------------------------------------------------------------------


def _bti(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    bti = handle.object
    assert isinstance(bti, Bti)
    return [
        record(
            topic.record,
            minimum_contiguity=abi.ZX_PAGE_SIZE,
            aspace_size=(1 << 64) - 1,
            pmo_count=bti.tokens,
            quarantine_count=len(bti.quarantine),
        )
    ]


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
    abi.ZX_INFO_JOB: info_tasks.job,
    abi.ZX_INFO_JOB_CHILDREN: info_tasks.job_children,
    abi.ZX_INFO_JOB_PROCESSES: info_tasks.job_processes,
    abi.ZX_INFO_PROCESS: info_tasks.process,
    abi.ZX_INFO_PROCESS_THREADS: info_tasks.process_threads,
    abi.ZX_INFO_PROCESS_MAPS: info_memory.process_maps,
    abi.ZX_INFO_PROCESS_VMOS: info_memory.process_vmos,
    abi.ZX_INFO_PROCESS_VMOS_V1: info_memory.process_vmos,
    abi.ZX_INFO_PROCESS_HANDLE_STATS: info_tasks.handle_stats,
    abi.ZX_INFO_HANDLE_TABLE: info_tasks.handle_table,
    abi.ZX_INFO_TASK_STATS: info_memory.task_stats,
    abi.ZX_INFO_TASK_RUNTIME: info_tasks.task_runtime,
    abi.ZX_INFO_TASK_RUNTIME_V1: info_tasks.task_runtime,
    abi.ZX_INFO_THREAD: info_tasks.thread,
    abi.ZX_INFO_THREAD_STATS: info_tasks.thread_stats,
    abi.ZX_INFO_THREAD_EXCEPTION_REPORT: info_tasks.exception_report,
    abi.ZX_INFO_THREAD_EXCEPTION_REPORT_V1: info_tasks.exception_report,
    abi.ZX_INFO_VMAR: info_memory.vmar,
    abi.ZX_INFO_VMO: info_memory.vmo,
    abi.ZX_INFO_VMO_V1: info_memory.vmo,
    abi.ZX_INFO_BTI: _bti,
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
    "bti": (Bti,),
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

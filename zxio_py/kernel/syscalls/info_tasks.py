"""What zx_object_get_info says of jobs, processes and threads."""

from __future__ import annotations

from collections.abc import Mapping

from zxio_py import abi
from zxio_py.abi.model import Topic
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.handle import Handle
from zxio_py.kernel.job import Job
from zxio_py.kernel.process import Process
from zxio_py.kernel.records import record
from zxio_py.kernel.thread import Thread


def _koids(objects: Mapping[int, Dispatcher]) -> list[bytes]:
    return [koid.to_bytes(8, "little") for koid in objects]


def job(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """How it ended, if it has."""
    job = handle.object
    assert isinstance(job, Job)
    return [
        record(
            topic.record,
            return_code=job.retcode,
            exited=job.dying,
            kill_on_oom=job.kill_on_oom,
            debugger_attached=any(debugger.is_open for debugger in job.debuggers),
        )
    ]


def job_children(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """Koids of the jobs right below it."""
    assert isinstance(handle.object, Job)
    return _koids(handle.object.children)


def job_processes(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """Koids of the processes right below it."""
    assert isinstance(handle.object, Job)
    return _koids(handle.object.processes)


def process(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """Whether it runs, and how it ended."""
    process = handle.object
    assert isinstance(process, Process)
    flags = 0
    if process.started or process.dead:  # a dead process counts as started, even if it never ran
        flags |= abi.ZX_INFO_PROCESS_FLAG_STARTED
    if process.dead:
        flags |= abi.ZX_INFO_PROCESS_FLAG_EXITED
    elif process.debugger is not None and process.debugger.is_open:
        flags |= abi.ZX_INFO_PROCESS_FLAG_DEBUGGER_ATTACHED
    return [
        record(
            topic.record,
            return_code=process.retcode,
            start_time=process.start_time,
            flags=flags,
        )
    ]


def process_threads(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """Koids of its threads."""
    assert isinstance(handle.object, Process)
    return _koids(handle.object.threads)


def handle_stats(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """How many handles it has to objects of each type."""
    counts = bytearray(4 * abi.ZX_OBJ_TYPE_UPPER_BOUND)
    assert isinstance(handle.object, Process)
    for _, held in handle.object.handles.items():
        at = 4 * held.object.TYPE
        count = int.from_bytes(counts[at : at + 4], "little") + 1
        counts[at : at + 4] = count.to_bytes(4, "little")
    return [bytes(counts)]


def handle_table(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """Every handle it has."""
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


def thread(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """What it is doing."""
    thread = handle.object
    assert isinstance(thread, Thread)
    return [
        record(
            topic.record,
            state=thread.current_state(),
            wait_exception_channel_type=thread.exception.channel if thread.exception else 0,
            cpu_affinity_mask=thread.cpu_mask.to_bytes(8, "little"),
        )
    ]


def thread_stats(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """CPU time, and where it ran last."""
    thread = handle.object
    assert isinstance(thread, Thread)
    if thread.state == abi.ZX_THREAD_STATE_DEAD:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    cpu = abi.ZX_INFO_INVALID_CPU if thread.state == abi.ZX_THREAD_STATE_NEW else 0
    return [record(topic.record, total_runtime=0, last_scheduled_cpu=cpu)]


def exception_report(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """The exception it is stopped in; what its first version has is the beginning of the later."""
    thread = handle.object
    assert isinstance(thread, Thread)
    if thread.exception is None:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    assert topic.record is not None
    return [thread.exception.report[: abi.STRUCTS[topic.record].size]]


def task_runtime(c: Caller, handle: Handle, topic: Topic) -> list[bytes]:
    """How long it has run and waited."""
    return [record(topic.record)]

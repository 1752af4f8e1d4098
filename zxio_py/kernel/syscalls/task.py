"""zx_job_*, zx_process_*, zx_thread_*, zx_task_*, zx_object_get_child."""

from __future__ import annotations

import struct
from typing import NamedTuple

from zxio_py import abi
from zxio_py.kernel.aspace import Mapping
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ThreadExited, ThreadKilled, ZxError
from zxio_py.kernel.job import Job
from zxio_py.kernel.pages import page_steps
from zxio_py.kernel.process import Process
from zxio_py.kernel.suspend_token import SuspendToken
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.vmo import VmObject

#: Of one copy from or to a process, bytes.
_MAX_BLOCK = 64 << 20
#: A list of policies longer than this is not even read; how many may be set the job judges.
_MAX_POLICIES = 32
_BASIC_V1 = struct.Struct("<II")
_BASIC_V2 = struct.Struct("<III")
_TIMER_SLACK = struct.Struct("<qII")


def _name(c: Caller, pointer: Pointer, size: int) -> bytes:
    """A name argument: up to 32 bytes are read, of which 31 count."""
    return c.read_name(pointer, min(size, abi.ZX_MAX_NAME_LEN))


def _manager(c: Caller, value: int, right: int) -> Job:
    """A job through a handle with *right*, or with WRITE instead."""
    job = c.get(value, Job, abi.ZX_RIGHT_NONE)
    if not c.handle(value).rights & (right | abi.ZX_RIGHT_WRITE):
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    return job


# Jobs ----------------------------------------------------------------------------------------


def zx_job_create(c: Caller, parent_job: int, options: int, out: Pointer) -> int:
    """Make a job below another."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    parent = _manager(c, parent_job, abi.ZX_RIGHT_MANAGE_JOB)
    c.give((out, parent.create_child()))  # OUT_OF_RANGE, BAD_STATE
    return abi.ZX_OK


def zx_job_set_policy(
    c: Caller, handle: int, options: int, topic: int, policy: Pointer, policy_size: int
) -> int:
    """Set policies of a job that has no children yet; *policy_size* counts records."""
    if options not in (abi.ZX_JOB_POL_RELATIVE, abi.ZX_JOB_POL_ABSOLUTE):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if policy == 0 or policy_size == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if topic in (abi.ZX_JOB_POL_BASIC_V1, abi.ZX_JOB_POL_BASIC_V2):
        form = _BASIC_V1 if topic == abi.ZX_JOB_POL_BASIC_V1 else _BASIC_V2
        if policy_size > _MAX_POLICIES:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        records = list(form.iter_unpack(c.read(policy, policy_size * form.size)))
        job = c.get(handle, Job, abi.ZX_RIGHT_SET_POLICY)
        job.set_basic_policy(
            options == abi.ZX_JOB_POL_ABSOLUTE,
            [(r[0], r[1], r[2] if len(r) > 2 else abi.ZX_POL_OVERRIDE_DENY) for r in records],
        )
        return abi.ZX_OK
    if topic == abi.ZX_JOB_POL_TIMER_SLACK:
        if options != abi.ZX_JOB_POL_RELATIVE or policy_size != 1:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        slack, mode, _ = _TIMER_SLACK.unpack(c.read(policy, _TIMER_SLACK.size))
        job = c.get(handle, Job, abi.ZX_RIGHT_SET_POLICY)
        job.set_timer_slack(slack, mode)
        return abi.ZX_OK
    raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def zx_job_set_critical(c: Caller, job: int, options: int, process: int) -> int:
    """Let a job die with a process."""
    if options & ~abi.ZX_JOB_CRITICAL_PROCESS_RETCODE_NONZERO:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    doomed = c.get(job, Job, abi.ZX_RIGHT_DESTROY)
    critical = c.get(process, Process, abi.ZX_RIGHT_WAIT)
    critical.set_critical_to(doomed, bool(options))  # INVALID_ARGS, ALREADY_BOUND
    return abi.ZX_OK


# Processes -----------------------------------------------------------------------------------


def zx_process_create(
    c: Caller,
    job: int,
    name: Pointer,
    name_size: int,
    options: int,
    proc_handle: Pointer,
    vmar_handle: Pointer,
) -> int:
    """Make a process, not started, and its root VMAR."""
    if options & ~abi.ZX_PROCESS_SHARED:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_PROCESS)
    text = _name(c, name, name_size)
    parent = _manager(c, job, abi.ZX_RIGHT_MANAGE_PROCESS)
    process = Process(c.kernel, parent, text)  # BAD_STATE
    c.give((proc_handle, process), (vmar_handle, process.vmar_root))
    return abi.ZX_OK


def zx_process_exit(c: Caller, retcode: int) -> int:
    """End the calling process."""
    c.process.end(retcode, f"zx_process_exit({retcode})")
    raise ThreadExited(c.process.end_reason)


class _Memory(NamedTuple):
    """What lies at an address: its mapping, where in the page store, how many bytes of it."""

    mapping: Mapping
    offset: int
    size: int


def _find_memory(process: Process, vaddr: int, most: int, vdso: VmObject | None) -> _Memory:
    """At most *most* bytes at an address; what is *vdso* is not for that.

    NO_MEMORY: nothing is mapped there; ACCESS_DENIED; BAD_STATE: not cached; OUT_OF_RANGE: the VMO
    ends before.
    """
    mapping = process.aspace.find(vaddr)  # of a dead process nothing is left
    if mapping is None:
        raise ZxError(abi.ZX_ERR_NO_MEMORY)
    if mapping.vmo is not None:
        if mapping.vmo is vdso:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        mapping.vmo.check_cached()
    offset = vaddr - mapping.base + mapping.offset
    end = min(mapping.offset + mapping.size, mapping.store_end)
    size = min(most, end - offset)
    if size <= 0:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    return _Memory(mapping, offset, size)


def zx_process_read_memory(
    c: Caller, handle: int, vaddr: int, buffer: Pointer, buffer_size: int, actual: Pointer
) -> int:
    """Copy from a process: up to the end of the mapping."""
    if buffer == 0 or not 0 < buffer_size <= _MAX_BLOCK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    process = c.get(handle, Process, abi.ZX_RIGHT_READ | abi.ZX_RIGHT_WRITE)
    mapping, offset, size = _find_memory(process, vaddr, buffer_size, None)
    c.write(buffer, mapping.store.read(offset, size))
    c.write_u64(actual, size)
    return abi.ZX_OK


def _fill(mapping: Mapping, offset: int, size: int, data: bytes) -> None:
    """Put *data* behind a mapping; INVALID_ARGS if it is less than *size*."""
    if mapping.vmo is not None:
        mapping.vmo.fill(offset - mapping.vmo.base, size, data)
        return
    mapping.store.write(offset, data)
    if len(data) < size:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def zx_process_write_memory(
    c: Caller, handle: int, vaddr: int, buffer: Pointer, buffer_size: int, actual: Pointer
) -> int:
    """Copy to a process likewise, whatever the mapping allows: it is the VMO that is written."""
    if not c.kernel.debugging_calls:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if buffer == 0 or not 0 < buffer_size <= _MAX_BLOCK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    process = c.get(handle, Process, abi.ZX_RIGHT_WRITE)
    vdso = c.kernel.vdso.memory
    mapping, offset, size = _find_memory(process, vaddr, buffer_size, vdso)
    for done, step in page_steps(offset, size):
        _fill(mapping, offset + done, step, c.read_prefix(c.behind(buffer, done), step))
    c.write_u64(actual, size)
    return abi.ZX_OK


# Threads -------------------------------------------------------------------------------------


def zx_thread_create(
    c: Caller, process: int, name: Pointer, name_size: int, options: int, out: Pointer
) -> int:
    """Make a thread, not started."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    text = _name(c, name, name_size)
    owner = c.get(process, Process, abi.ZX_RIGHT_MANAGE_THREAD)
    c.give((out, owner.add_thread(text)))  # BAD_STATE
    return abi.ZX_OK


def zx_thread_exit(c: Caller) -> int:
    """End the calling thread."""
    c.process.exit_thread(c.thread)
    raise ThreadExited("zx_thread_exit")


def zx_thread_legacy_yield(c: Caller, options: int) -> int:
    """Let other threads run: they do, as soon as the call is over."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return abi.ZX_OK


# Tasks ---------------------------------------------------------------------------------------


def _task(c: Caller, handle: int, rights: int) -> Job | Process | Thread:
    """A task of any kind: BAD_HANDLE, ACCESS_DENIED, and only then WRONG_TYPE."""
    task = c.get(handle, Dispatcher, rights)
    if not isinstance(task, Job | Process | Thread):
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    return task


def zx_task_suspend(c: Caller, handle: int, token: Pointer) -> int:
    """Suspend a thread, or all of a process, for as long as the token exists."""
    task = _task(c, handle, abi.ZX_RIGHT_WRITE)
    if isinstance(task, Job):
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    if task is c.thread or task is c.process:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    task.suspend()  # BAD_STATE
    c.give((token, SuspendToken(task)))
    return abi.ZX_OK


zx_task_suspend_token = zx_task_suspend


def zx_task_kill(c: Caller, handle: int) -> int:
    """End a process, or a job with all below it."""
    task = _task(c, handle, abi.ZX_RIGHT_DESTROY)
    if isinstance(task, Thread):
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    if isinstance(task, Job):
        task.kill(abi.ZX_TASK_RETCODE_SYSCALL_KILL)
    else:
        task.end(abi.ZX_TASK_RETCODE_SYSCALL_KILL, "zx_task_kill")
    if c.process.dead:
        raise ThreadKilled(c.process.end_reason)
    return abi.ZX_OK


def zx_object_get_child(c: Caller, handle: int, koid: int, rights: int, out: Pointer) -> int:
    """A handle to a thread of a process, or to a job or process of a job."""
    source = c.handle(handle)
    if not source.rights & abi.ZX_RIGHT_ENUMERATE:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    if rights == abi.ZX_RIGHT_SAME_RIGHTS:
        rights = source.rights
    elif rights & ~source.rights:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    parent = source.object
    child: Dispatcher | None
    if isinstance(parent, Process):
        child = parent.threads.get(koid)
    elif isinstance(parent, Job):
        child = parent.children.get(koid) or parent.processes.get(koid)
    else:
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    if child is None:
        raise ZxError(abi.ZX_ERR_NOT_FOUND)
    c.install([(out, c.kernel.make_handle(child, rights))])
    return abi.ZX_OK

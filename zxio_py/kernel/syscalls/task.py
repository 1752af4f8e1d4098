"""zx_task_*, zx_exception_*, zx_object_get_child."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ThreadKilled, ZxError
from zxio_py.kernel.exception import ThreadException
from zxio_py.kernel.job import Job
from zxio_py.kernel.process import Process
from zxio_py.kernel.suspend_token import SuspendToken
from zxio_py.kernel.thread import Thread


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


# Exceptions ----------------------------------------------------------------------------------

#: Of whoever is to be told of a task's exceptions.
_RECEIVER = (
    abi.ZX_RIGHT_INSPECT
    | abi.ZX_RIGHT_DUPLICATE
    | abi.ZX_RIGHT_TRANSFER
    | abi.ZX_RIGHT_MANAGE_THREAD
)
#: Of the end that is handed out: it is there to be read.
_CHANNEL_RIGHTS = abi.ZX_RIGHT_TRANSFER | abi.ZX_RIGHT_WAIT | abi.ZX_RIGHT_READ


def zx_task_create_exception_channel(c: Caller, handle: int, options: int, out: Pointer) -> int:
    """Make a channel that tells of a task's exceptions."""
    if options & ~abi.ZX_EXCEPTION_CHANNEL_DEBUGGER:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_CHANNEL)
    task = _task(c, handle, _RECEIVER)
    rights = c.handle(handle).rights
    if not isinstance(task, Thread) and not rights & abi.ZX_RIGHT_ENUMERATE:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    listener = task.listen(bool(options), rights)  # INVALID_ARGS, BAD_STATE, ALREADY_BOUND
    c.install([(out, c.kernel.make_handle(listener.user_end, _CHANNEL_RIGHTS))])
    return abi.ZX_OK


def zx_exception_get_thread(c: Caller, handle: int, out: Pointer) -> int:
    """A handle to the thread that an exception is of."""
    source = c.get(handle, ThreadException, abi.ZX_RIGHT_NONE)
    c.install([(out, c.kernel.make_handle(source.thread, source.thread_rights))])
    return abi.ZX_OK


def zx_exception_get_process(c: Caller, handle: int, out: Pointer) -> int:
    """A handle to its process; ACCESS_DENIED for those who listen to the thread only."""
    source = c.get(handle, ThreadException, abi.ZX_RIGHT_NONE)
    if not source.process_rights:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    c.install([(out, c.kernel.make_handle(source.thread.process, source.process_rights))])
    return abi.ZX_OK

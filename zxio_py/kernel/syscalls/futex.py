"""zx_futex_*."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.kernel.aspace import USER_BASE, USER_TOP
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ThreadExited, ZxError
from zxio_py.kernel.thread import Thread


def _check_address(address: Pointer) -> None:
    """A futex lives at an aligned user address, mapped or not."""
    if not isinstance(address, int) or address % 4 or not USER_BASE <= address < USER_TOP:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def _check_value(c: Caller, address: Pointer, expected: int) -> None:
    if int.from_bytes(c.read(address, 4), "little", signed=True) != expected:
        raise ZxError(abi.ZX_ERR_BAD_STATE)


def _owner(c: Caller, handle: int) -> Thread | None:
    """The thread that is to own a futex: None for no handle, or a thread that is gone."""
    if handle == abi.ZX_HANDLE_INVALID:
        return None
    thread = c.get(handle, Thread, abi.ZX_RIGHT_NONE)
    if thread.process is not c.process or thread.state == abi.ZX_THREAD_STATE_NEW:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return thread if thread.state != abi.ZX_THREAD_STATE_DEAD else None


def zx_futex_wait(
    c: Caller, value_ptr: Pointer, current_value: int, new_futex_owner: int, deadline: int
) -> int:
    """Sleep until woken, if the word still has the value."""
    _check_address(value_ptr)
    _check_value(c, value_ptr, current_value)
    owner = _owner(c, new_futex_owner)
    futexes = c.process.futexes
    futexes.check_owner(owner, c.thread, value_ptr)
    return futexes.wait(value_ptr, owner, c.thread, deadline)


def zx_futex_wake(c: Caller, value_ptr: Pointer, wake_count: int) -> int:
    """Wake threads; nobody owns the futex then."""
    _check_address(value_ptr)
    c.process.futexes.wake(value_ptr, wake_count)
    return abi.ZX_OK


def zx_futex_wake_single_owner(c: Caller, value_ptr: Pointer) -> int:
    """Wake one thread and make it the owner."""
    _check_address(value_ptr)
    c.process.futexes.wake(value_ptr, 1, single_owner=True)
    return abi.ZX_OK


def _requeue(
    c: Caller,
    value_ptr: Pointer,
    wake_count: int,
    current_value: int,
    requeue_ptr: Pointer,
    requeue_count: int,
    new_requeue_owner: int,
    single_owner: bool,
) -> int:
    _check_address(value_ptr)
    _check_address(requeue_ptr)
    if value_ptr == requeue_ptr:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    _check_value(c, value_ptr, current_value)
    owner = _owner(c, new_requeue_owner)
    futexes = c.process.futexes
    futexes.check_owner(owner, None, value_ptr, requeue_ptr)
    futexes.wake(value_ptr, wake_count, single_owner)
    futexes.requeue(value_ptr, requeue_ptr, requeue_count, owner)
    return abi.ZX_OK


def zx_futex_requeue(
    c: Caller,
    value_ptr: Pointer,
    wake_count: int,
    current_value: int,
    requeue_ptr: Pointer,
    requeue_count: int,
    new_requeue_owner: int,
) -> int:
    """Wake some threads and let others wait on another futex."""
    return _requeue(
        c,
        value_ptr,
        wake_count,
        current_value,
        requeue_ptr,
        requeue_count,
        new_requeue_owner,
        single_owner=False,
    )


def zx_futex_requeue_single_owner(
    c: Caller,
    value_ptr: Pointer,
    current_value: int,
    requeue_ptr: Pointer,
    requeue_count: int,
    new_requeue_owner: int,
) -> int:
    """The same, waking one thread that becomes the owner."""
    return _requeue(
        c,
        value_ptr,
        1,
        current_value,
        requeue_ptr,
        requeue_count,
        new_requeue_owner,
        single_owner=True,
    )


def zx_futex_get_owner(c: Caller, value_ptr: Pointer, koid: Pointer) -> int:
    """Koid of the owner, 0 if there is none."""
    _check_address(value_ptr)
    owner = c.process.futexes.owner(value_ptr)
    if koid != 0:
        c.write_u64(koid, owner.koid if owner is not None else abi.ZX_KOID_INVALID)
    return abi.ZX_OK


def zx_futex_wake_handle_close_thread_exit(
    c: Caller, value_ptr: Pointer, wake_count: int, new_value: int, close_handle: int
) -> int:
    """Store a value, wake threads, close a handle and leave the thread."""
    c.user_store(value_ptr, (new_value & 0xFFFFFFFF).to_bytes(4, "little"))
    c.process.futexes.wake(value_ptr, wake_count)
    removed = c.handles.remove(close_handle)
    if removed is not None:
        c.kernel.close_handle(removed)
    c.process.exit_thread(c.thread)
    raise ThreadExited("zx_futex_wake_handle_close_thread_exit")

"""zx_object_wait_*, zx_object_signal*."""

import struct

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.dispatcher import SignalObserver
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.handle import Handle
from zxio_py.kernel.waiter import Waiter


class _WaitObserver(SignalObserver):
    """A thread that waits for an object, possibly among others."""

    __slots__ = ("observed", "waiter")

    def __init__(self, waiter: Waiter, handle: Handle, trigger: int) -> None:
        super().__init__(handle, trigger)
        self.waiter = waiter
        #: Signals that ended this wait; None while it goes on.
        self.observed: int | None = None
        handle.object.add_observer(self)

    def on_match(self, signals: int) -> None:
        self.observed = signals
        self.waiter.wake()

    def on_cancel(self, signals: int) -> None:
        self.observed = signals | abi.ZX_SIGNAL_HANDLE_CLOSED
        self.waiter.wake(abi.ZX_ERR_CANCELED)

    def end(self) -> int:
        """Stop waiting; the signals when it was satisfied, or else those of now."""
        object = self.handle.object
        if self.observed is None:
            object.remove_observer(self)
            self.observed = object.current_signals()
        return self.observed


def zx_object_wait_one(
    c: Caller, handle: int, signals: int, deadline: int, observed: Pointer
) -> int:
    """Wait until one of *signals* is asserted."""
    source = c.handle(handle)
    if not source.rights & abi.ZX_RIGHT_WAIT:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    waiter = Waiter()
    observer = _WaitObserver(waiter, source, signals)  # NOT_SUPPORTED
    try:
        status = waiter.block(c.thread, deadline, abi.ZX_THREAD_STATE_BLOCKED_WAIT_ONE)
    finally:
        state = observer.end()
    if observed != 0:
        c.write_u32(observed, state)
    if state & abi.ZX_SIGNAL_HANDLE_CLOSED:
        raise ZxError(abi.ZX_ERR_CANCELED)
    return status


def zx_object_wait_many(c: Caller, items: Pointer, num_items: int, deadline: int) -> int:
    """Wait until one of several objects has one of its signals asserted."""
    waiter = Waiter()
    if num_items == 0:
        return waiter.block(c.thread, deadline, abi.ZX_THREAD_STATE_BLOCKED_WAIT_MANY)
    if num_items > abi.ZX_WAIT_MANY_MAX_ITEMS:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    size = abi.STRUCTS["zx_wait_item_t"].size
    records = list(struct.iter_unpack("<III", c.read(items, size * num_items)))
    observers: list[_WaitObserver] = []
    try:
        for value, waitfor, _ in records:
            source = c.handle(value)
            if not source.rights & abi.ZX_RIGHT_WAIT:
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
            observers.append(_WaitObserver(waiter, source, waitfor))  # NOT_SUPPORTED
        status = waiter.block(c.thread, deadline, abi.ZX_THREAD_STATE_BLOCKED_WAIT_MANY)
    finally:
        states = [observer.end() for observer in observers]
    answer = b"".join(
        struct.pack("<III", value, waitfor, state)
        for (value, waitfor, _), state in zip(records, states, strict=True)
    )
    c.write(items, answer)
    if any(state & abi.ZX_SIGNAL_HANDLE_CLOSED for state in states):
        raise ZxError(abi.ZX_ERR_CANCELED)
    return status


def zx_object_signal(c: Caller, handle: int, clear_mask: int, set_mask: int) -> int:
    """Clear, then set signals of an object."""
    source = c.handle(handle)
    if not source.rights & abi.ZX_RIGHT_SIGNAL:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    source.object.user_signal(clear_mask, set_mask)
    return abi.ZX_OK


def zx_object_signal_peer(c: Caller, handle: int, clear_mask: int, set_mask: int) -> int:
    """Clear, then set signals of an object's peer."""
    source = c.handle(handle)
    if not source.rights & abi.ZX_RIGHT_SIGNAL_PEER:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    source.object.user_signal_peer(clear_mask, set_mask)
    return abi.ZX_OK

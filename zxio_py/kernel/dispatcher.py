"""What all kernel objects share: koid, signals, observers, the count of their handles.

Everything here runs with the kernel lock held, unless said otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zxio_py import abi
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.channel import Channel
    from zxio_py.kernel.handle import Handle
    from zxio_py.kernel.kernel import Kernel


class SignalObserver:
    """Somebody who waits for signals of an object through a handle."""

    __slots__ = ("edge", "handle", "trigger")

    def __init__(self, handle: Handle, trigger: int, edge: bool = False) -> None:
        self.handle = handle
        #: Any of these signals ends the wait.
        self.trigger = trigger
        #: Only a signal that becomes asserted counts, not one that is.
        self.edge = edge

    def on_match(self, signals: int) -> None:
        """A signal waited for is asserted; the object's signals are *signals*."""
        raise NotImplementedError

    def on_cancel(self, signals: int) -> None:
        """The handle waited on was closed or has moved to another process."""
        raise NotImplementedError


class Dispatcher:
    """Base of all kernel objects."""

    __slots__ = ("handle_count", "kernel", "koid", "observers", "signals")

    #: ZX_OBJ_TYPE_ of the object.
    TYPE: ClassVar[int] = abi.ZX_OBJ_TYPE_NONE
    #: Rights of the first handle.
    DEFAULT_RIGHTS: ClassVar[int] = 0
    #: Signals users may set and clear.
    USER_SIGNALS: ClassVar[int] = abi.ZX_USER_SIGNAL_ALL
    #: Whether it can be waited on and signalled.
    WAITABLE: ClassVar[bool] = True

    def __init__(self, kernel: Kernel, signals: int = 0) -> None:
        self.kernel = kernel
        self.koid = kernel.next_koid()
        self.signals = signals
        self.handle_count = 0
        self.observers: list[SignalObserver] = []
        kernel.alive[self.koid] = type(self)

    def __del__(self) -> None:
        # May run in any thread at any time; removing from a dict is atomic.
        self.kernel.alive.pop(self.koid, None)
        if self.handle_count:
            # Channels whose only handles lay in messages queued on each other.
            self.kernel.forget_handles(self.handle_count)

    def retire(self) -> None:
        """It does not count as existing any more."""
        self.kernel.alive.pop(self.koid, None)

    @property
    def related_koid(self) -> int:
        """Koid of the peer, parent job or process; 0 where there is none."""
        return 0

    @property
    def initial_rights(self) -> int:
        """Rights of its first handle."""
        return self.DEFAULT_RIGHTS

    # Lifetime ----------------------------------------------------------------------------

    def on_zero_handles(self) -> None:
        """The last handle is gone."""

    # Signals -----------------------------------------------------------------------------

    def current_signals(self) -> int:
        """The signals asserted now."""
        return self.signals

    def update_signals(self, clear: int, set: int) -> None:
        """Clear, then set signals, and end the waits that this satisfies."""
        if not self.observers:
            self.signals = self.signals & ~clear | set
            return
        old = self.current_signals()
        self.signals = self.signals & ~clear | set
        new = self.current_signals()
        if new & ~old:
            self.notify(new & ~old, new)

    def notify(self, raised: int, signals: int) -> None:
        """End the waits for signals in *raised*, which have just become asserted."""
        self.end_matched([o for o in self.observers if o.trigger & raised], signals)

    def end_matched(self, matched: list[SignalObserver], signals: int) -> None:
        """End these of the waits, the latest first."""
        if matched:
            ended = set(matched)
            self.observers = [o for o in self.observers if o not in ended]
            for observer in reversed(matched):
                observer.on_match(signals)

    def user_signal(self, clear: int, set: int) -> None:
        """zx_object_signal: change signals on behalf of a user."""
        if not self.WAITABLE:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if (clear | set) & ~self.USER_SIGNALS:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.update_signals(clear, set)

    def user_signal_peer(self, clear: int, set: int) -> None:
        """zx_object_signal_peer: change the peer's signals on behalf of a user."""
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)

    def as_channel(self) -> Channel | None:
        """The object itself if it is a channel end."""
        return None

    # Observers ---------------------------------------------------------------------------

    def add_observer(self, observer: SignalObserver) -> None:
        """Let *observer* wait; it may be satisfied at once.  NOT_SUPPORTED if unwaitable."""
        if not self.WAITABLE:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        # Appended before the signals are looked at: see Channel on writers without the lock.
        self.observers.append(observer)
        signals = self.current_signals()
        if not observer.edge and signals & observer.trigger:
            self.remove_observer(observer)
            observer.on_match(signals)

    def remove_observer(self, observer: SignalObserver) -> bool:
        """Stop a wait; whether it was still under way."""
        for index, candidate in enumerate(self.observers):
            if candidate is observer:
                del self.observers[index]
                return True
        return False

    def cancel(self, handle: Handle) -> None:
        """End all waits through *handle*: it is being closed or has changed hands."""
        cancelled = [o for o in self.observers if o.handle is handle]
        if cancelled:
            self.observers = [o for o in self.observers if o.handle is not handle]
            signals = self.current_signals()
            for observer in cancelled:
                observer.on_cancel(signals)

    # Names -------------------------------------------------------------------------------

    def get_name(self) -> bytes:
        """The object's name without padding; WRONG_TYPE if its type has none."""
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)

    def set_name(self, name: bytes) -> None:
        """Name the object: up to the first NUL, at most 31 bytes."""
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)


def clean_name(name: bytes) -> bytes:
    """A name as the kernel stores it: cut at the first NUL and to 31 bytes."""
    if len(name) < abi.ZX_MAX_NAME_LEN and 0 not in name:
        return name
    return name.split(b"\0", 1)[0][: abi.ZX_MAX_NAME_LEN - 1]

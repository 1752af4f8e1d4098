"""Futexes: threads that wait for a word in user memory."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.thread import Thread


class FutexWaiter(Waiter):
    """A thread that waits on a futex, possibly moved to another one meanwhile."""

    __slots__ = ("futex", "thread")

    def __init__(self, thread: Thread, futex: Futex) -> None:
        super().__init__()
        self.thread = thread
        self.futex = futex


class Futex:
    """One address that is waited on or owned."""

    __slots__ = ("owner", "waiters")

    def __init__(self) -> None:
        self.waiters: deque[FutexWaiter] = deque()
        self.owner: Thread | None = None


class FutexTable:
    """The futexes of one process, by address."""

    __slots__ = ("_futexes",)

    def __init__(self) -> None:
        self._futexes: dict[int, Futex] = {}

    def owner(self, address: int) -> Thread | None:
        """Who owns the futex, if anybody; a thread that is gone owns nothing."""
        futex = self._futexes.get(address)
        owner = futex.owner if futex is not None else None
        return None if owner is None or owner.state == abi.ZX_THREAD_STATE_DEAD else owner

    def check_owner(self, thread: Thread | None, waiter: Thread | None, *addresses: int) -> None:
        """INVALID_ARGS if *thread* cannot own the futexes: the *waiter* itself, or one that waits
        on them."""
        if thread is None:
            return
        if thread is waiter:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        for address in addresses:
            futex = self._futexes.get(address)
            if futex is not None and any(w.thread is thread for w in futex.waiters):
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)

    def wait(self, address: int, owner: Thread | None, thread: Thread, deadline: int) -> int:
        """Sleep until woken; the status of the end."""
        futex = self._futexes.setdefault(address, Futex())
        futex.owner = owner
        waiter = FutexWaiter(thread, futex)
        futex.waiters.append(waiter)
        try:
            return waiter.block(thread, deadline, abi.ZX_THREAD_STATE_BLOCKED_FUTEX)
        finally:
            if waiter in waiter.futex.waiters:
                waiter.futex.waiters.remove(waiter)
            self._tidy()

    def wake(self, address: int, count: int, single_owner: bool = False) -> None:
        """Wake up to *count* threads; nobody, or the one woken, owns the futex then."""
        futex = self._futexes.get(address)
        if futex is None:
            return
        futex.owner = None
        while count and futex.waiters:
            waiter = futex.waiters.popleft()
            waiter.wake()
            count -= 1
            if single_owner and futex.waiters:
                futex.owner = waiter.thread
        self._tidy()

    def requeue(self, source: int, target: int, count: int, owner: Thread | None) -> None:
        """Let up to *count* threads wait on *target* instead, which *owner* then owns."""
        futex = self._futexes.get(source)
        to = self._futexes.setdefault(target, Futex())
        while futex is not None and count and futex.waiters:
            waiter = futex.waiters.popleft()
            waiter.futex = to
            to.waiters.append(waiter)
            count -= 1
        to.owner = owner
        self._tidy()

    def _tidy(self) -> None:
        for address in [a for a, f in self._futexes.items() if not f.waiters]:
            del self._futexes[address]

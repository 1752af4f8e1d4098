"""Blocking: how a thread sleeps in the kernel and how it is woken."""

from __future__ import annotations

import threading
from _thread import LockType, allocate_lock
from time import monotonic_ns
from typing import TYPE_CHECKING

from zxio_py import abi

if TYPE_CHECKING:
    from zxio_py.kernel.thread import Thread

#: Longest single sleep in nanoseconds that threading can express.
_LONGEST_NS = int(threading.TIMEOUT_MAX) * 1_000_000_000


class Waiter:
    """One sleep of one thread, ended once by whoever wakes it first."""

    __slots__ = ("_gate", "status", "woken")

    def __init__(self) -> None:
        #: What it sleeps at; made only where it comes to sleeping.
        self._gate: LockType | None = None
        self.woken = False
        self.status = abi.ZX_OK

    def wake(self, status: int = abi.ZX_OK) -> None:
        """End the sleep with *status*; later calls change nothing.  Kernel lock held."""
        if not self.woken:
            self.woken = True
            self.status = status
            if self._gate is not None:
                self._gate.release()

    def block(self, thread: Thread, deadline: int, state: int) -> int:
        """Sleep until woken or *deadline* (monotonic nanoseconds); the status of the end.

        The kernel lock is held by the caller and given up meanwhile.  *state* is what
        ZX_INFO_THREAD shows.  Raises ThreadKilled if the thread was killed.
        A thread suspended meanwhile goes on when it is resumed.
        """
        if not self.woken and deadline > monotonic_ns():
            lock = thread.kernel.lock
            gate = self._gate = allocate_lock()
            gate.acquire()
            thread.sleeps[self] = state
            try:
                lock.release()  # in here: a signal may end the block as soon as it is done
                while not self.woken:
                    left = deadline - monotonic_ns()
                    if deadline == abi.ZX_TIME_INFINITE or left > _LONGEST_NS:
                        gate.acquire()
                    elif left <= 0 or gate.acquire(True, left / 1e9):
                        break
            finally:
                lock.acquire()
                thread.kernel.running = None if thread.halted else thread
                del thread.sleeps[self]
            if not self.woken:
                # Timers set to an earlier time come first, however late their thread runs.
                thread.kernel.timers.fire_until(deadline)
            if thread.halted:
                thread.go_on()
        return self.status if self.woken else abi.ZX_ERR_TIMED_OUT

"""Timers, and the queue that fires them."""

from __future__ import annotations

import threading
from heapq import heapify, heappop, heappush
from itertools import count
from time import monotonic_ns
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel

#: Longest single sleep of the queue's thread, in seconds.
_LONGEST = threading.TIMEOUT_MAX


class Timer(Dispatcher):
    """A timer."""

    __slots__ = ("armed", "deadline", "options", "slack")

    TYPE = abi.ZX_OBJ_TYPE_TIMER
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_TIMER_RIGHTS

    def __init__(self, kernel: Kernel, options: int) -> None:
        super().__init__(kernel)
        #: ZX_TIMER_SLACK_.
        self.options = options
        #: Monotonic nanoseconds, as set; 0 when not armed.
        self.deadline = 0
        self.slack = 0
        self.armed = False

    def set(self, deadline: int, slack: int) -> None:
        """Arm it, whatever it was before; a deadline in the past fires at once."""
        self.disarm()
        if deadline <= monotonic_ns():
            self.update_signals(0, abi.ZX_TIMER_SIGNALED)
            return
        self.deadline = deadline
        self.slack = slack
        self.armed = True
        self.kernel.timers.add(self)

    def disarm(self) -> None:
        """Disarm it and clear its signal."""
        if self.armed:
            self.kernel.timers.remove(self)
        self._reset()
        self.update_signals(abi.ZX_TIMER_SIGNALED, 0)

    def fire(self) -> None:
        """Its time has come."""
        self._reset()
        self.update_signals(0, abi.ZX_TIMER_SIGNALED)

    def _reset(self) -> None:
        self.armed = False
        self.deadline = 0
        self.slack = 0

    def on_zero_handles(self) -> None:
        self.disarm()


class TimerQueue:
    """Armed timers by deadline, then in the order in which they were set.

    A thread fires them; it lives while there are any.
    """

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._changed = threading.Condition(lock)
        #: Deadline, number in the order of setting, timer.
        self._heap: list[tuple[int, int, Timer]] = []
        self._next_number = count().__next__
        self._thread: threading.Thread | None = None

    def add(self, timer: Timer) -> None:
        """Fire *timer* at its deadline.  Kernel lock held."""
        if timer.deadline == abi.ZX_TIME_INFINITE:
            return
        heappush(self._heap, (timer.deadline, self._next_number(), timer))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="zircon-timers", daemon=True)
            self._thread.start()
        elif self._heap[0][2] is timer:
            self._changed.notify()

    def remove(self, timer: Timer) -> None:
        """Do not fire *timer*.  Kernel lock held."""
        kept = [entry for entry in self._heap if entry[2] is not timer]
        if len(kept) != len(self._heap):
            self._heap = kept
            heapify(self._heap)
            if not kept:
                self._changed.notify()

    def fire_until(self, deadline: int) -> None:
        """Fire what is set to *deadline* or before, which has come.  Kernel lock held."""
        while self._heap and self._heap[0][0] <= deadline:
            heappop(self._heap)[2].fire()

    def _run(self) -> None:
        with self._lock:
            while self._heap:
                left = self._heap[0][0] - monotonic_ns()
                if left <= 0:
                    self.fire_until(self._heap[0][0])
                else:
                    self._changed.wait(min(left / 1e9, _LONGEST))
            self._thread = None

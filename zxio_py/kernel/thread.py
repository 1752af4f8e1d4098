"""Threads: on whose behalf calls are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.dispatcher import clean_name
from zxio_py.kernel.errors import ThreadKilled, ZxError
from zxio_py.kernel.task import Task
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.process import Process


class Thread(Task):
    """An emulated thread; any Python thread may run its calls."""

    __slots__ = (
        "_resumptions",
        "_suspensions",
        "cpu_mask",
        "halted",
        "name",
        "process",
        "sleeps",
        "state",
    )

    TYPE = abi.ZX_OBJ_TYPE_THREAD
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_THREAD_RIGHTS

    def __init__(self, process: Process, name: bytes) -> None:
        super().__init__(process.kernel)
        self.process = process
        process.hold()
        self.name = clean_name(name)
        #: ZX_THREAD_STATE_NEW, RUNNING or DEAD; sleeping shows in `sleeps`.
        self.state: int = abi.ZX_THREAD_STATE_NEW
        #: Processors it is to run on, as profiles say; it is only told again.
        self.cpu_mask = 1
        #: Whether it must not run: dead or suspended.
        self.halted = False
        self._suspensions = 0
        self._resumptions: list[Waiter] = []
        #: Sleeps under way, with the state they show.
        self.sleeps: dict[Waiter, int] = {}

    @property
    def related_koid(self) -> int:
        return self.process.koid

    def make_caller(self) -> Caller:
        """Who makes its calls at the raw door.

        Whoever wants to make some keeps it: a thread that kept it itself would never go by itself,
        but only with Python's garbage collector, and its process with it.
        """
        return Caller(self, self.process.aspace.copy_in, self.process.aspace.copy_out)

    def get_name(self) -> bytes:
        return self.name

    def set_name(self, name: bytes) -> None:
        self.name = clean_name(name)

    def current_state(self) -> int:
        """ZX_THREAD_STATE_ as ZX_INFO_THREAD shows it."""
        if self.is_stopped:
            return abi.ZX_THREAD_STATE_SUSPENDED
        if self.state == abi.ZX_THREAD_STATE_RUNNING and self.sleeps:
            return next(iter(self.sleeps.values()))
        return self.state

    def start(self) -> None:
        """Let it run calls."""
        self.process.threads[self.koid] = self
        self.state = abi.ZX_THREAD_STATE_RUNNING
        self._suspensions += self.process.suspensions
        self._show_suspension()

    # Suspension --------------------------------------------------------------------------

    def suspend(self) -> None:
        """Count one more reason to be suspended; BAD_STATE if it is dead."""
        if self.state == abi.ZX_THREAD_STATE_DEAD:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self._suspensions += 1
        self._show_suspension()

    def resume(self) -> None:
        """One reason less."""
        self._suspensions -= 1
        self._show_suspension()

    @property
    def is_stopped(self) -> bool:
        """Whether it has started and is suspended."""
        return self.state == abi.ZX_THREAD_STATE_RUNNING and self._suspensions > 0

    def _show_suspension(self) -> None:
        if self.state == abi.ZX_THREAD_STATE_RUNNING:
            self.halted = self._suspensions > 0
            shown = abi.ZX_THREAD_SUSPENDED if self.halted else abi.ZX_THREAD_RUNNING
            self.update_signals(abi.ZX_THREAD_RUNNING | abi.ZX_THREAD_SUSPENDED, shown)
            if not self.halted:
                for waiter in self._resumptions:
                    waiter.wake()
                self._resumptions.clear()

    def go_on(self) -> None:
        """What a halted thread does before it goes on: end, or wait until it is resumed."""
        if self.state == abi.ZX_THREAD_STATE_DEAD:
            raise ThreadKilled(self.process.end_reason)
        waiter = Waiter()
        self._resumptions.append(waiter)
        waiter.block(self, abi.ZX_TIME_INFINITE, abi.ZX_THREAD_STATE_SUSPENDED)

    # Life --------------------------------------------------------------------------------

    def end(self) -> None:
        """It is dead; whatever it sleeps in is over."""
        if self.state != abi.ZX_THREAD_STATE_DEAD:
            self.state = abi.ZX_THREAD_STATE_DEAD
            self.halted = True
            gone = abi.ZX_THREAD_RUNNING | abi.ZX_THREAD_SUSPENDED
            self.update_signals(gone, abi.ZX_THREAD_TERMINATED)
            for waiter in list(self.sleeps):
                waiter.wake(abi.ZX_ERR_INTERNAL_INTR_KILLED)
            self.process.forget_thread(self)
            self.maybe_go()

    def on_zero_handles(self) -> None:
        self.maybe_go()

    def is_running(self) -> bool:
        return self.state == abi.ZX_THREAD_STATE_RUNNING

    def on_gone(self) -> None:
        self.retire()
        self.process.release()

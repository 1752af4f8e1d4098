"""Threads: on whose behalf calls are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.dispatcher import Dispatcher, clean_name

if TYPE_CHECKING:
    from zxio_py.kernel.process import Process
    from zxio_py.kernel.waiter import Waiter


class Thread(Dispatcher):
    """An emulated thread; any Python thread may run its calls."""

    __slots__ = ("caller", "name", "process", "sleeps", "state")

    TYPE = abi.ZX_OBJ_TYPE_THREAD
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_THREAD_RIGHTS

    def __init__(self, process: Process, name: bytes) -> None:
        super().__init__(process.kernel)
        self.process = process
        self.name = clean_name(name)
        #: ZX_THREAD_STATE_NEW, RUNNING or DEAD; sleeping shows in `sleeps`.
        self.state: int = abi.ZX_THREAD_STATE_NEW
        #: Sleeps under way, with the state they show.
        self.sleeps: dict[Waiter, int] = {}
        self.caller = Caller(self, process.aspace.copy_in, process.aspace.copy_out)

    @property
    def related_koid(self) -> int:
        return self.process.koid

    def get_name(self) -> bytes:
        return self.name

    def set_name(self, name: bytes) -> None:
        self.name = clean_name(name)

    def current_state(self) -> int:
        """ZX_THREAD_STATE_ as ZX_INFO_THREAD shows it."""
        if self.state == abi.ZX_THREAD_STATE_RUNNING and self.sleeps:
            return next(iter(self.sleeps.values()))
        return self.state

    def start(self) -> None:
        """Let it run calls."""
        self.process.threads[self.koid] = self
        self.state = abi.ZX_THREAD_STATE_RUNNING
        self.update_signals(0, abi.ZX_THREAD_RUNNING)

    def end(self) -> None:
        """It is dead; whatever it sleeps in is over."""
        if self.state != abi.ZX_THREAD_STATE_DEAD:
            self.state = abi.ZX_THREAD_STATE_DEAD
            self.update_signals(abi.ZX_THREAD_RUNNING, abi.ZX_THREAD_TERMINATED)
            for waiter in list(self.sleeps):
                waiter.wake(abi.ZX_ERR_INTERNAL_INTR_KILLED)
            self.process.forget_thread(self)
            if not self.handle_count:
                self.retire()

    def on_zero_handles(self) -> None:
        if self.state == abi.ZX_THREAD_STATE_DEAD:
            self.retire()
        elif self.state == abi.ZX_THREAD_STATE_NEW:
            self.end()

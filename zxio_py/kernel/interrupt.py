"""Interrupts that programs trigger themselves; the emulated machine has no others."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.port import InterruptPacket, Port
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.thread import Thread


class State(Enum):
    """What has become of the last trigger."""

    IDLE = auto()
    #: A thread waits.
    WAITING = auto()
    #: Nobody has noticed yet.
    TRIGGERED = auto()
    #: A thread was woken, or a packet sent.
    NEEDACK = auto()
    DESTROYED = auto()


class Interrupt(Dispatcher):
    """A virtual interrupt."""

    __slots__ = ("_waiter", "packet", "port", "signaled", "state", "timestamp")

    TYPE = abi.ZX_OBJ_TYPE_INTERRUPT
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_INTERRUPT_RIGHTS

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.state = State.IDLE
        #: Of the first trigger that nobody has heard of; 0: none.
        self.timestamp = 0
        #: Whether the next wait need not sleep.
        self.signaled = False
        self._waiter: Waiter | None = None
        #: Where it sends its packet.
        self.port: Port | None = None
        self.packet = InterruptPacket()

    def on_zero_handles(self) -> None:
        self.destroy()

    def _signal(self) -> None:
        """Wake the thread that waits, or the next one that comes."""
        if self._waiter is not None and not self._waiter.woken:
            self._waiter.wake()
        else:
            self.signaled = True

    def _send(self, port: Port, timestamp: int) -> bool:
        """Whether the packet could be sent; either way the trigger is forgotten."""
        self.timestamp = 0
        return port.queue_interrupt(self.packet, timestamp)

    def _sleep(self, thread: Thread) -> None:
        """Sleep until signalled.

        A signal that nobody waited for ends the sleep as well, and the state then still says that
        a thread waits.
        """
        self.state = State.WAITING
        if not self.signaled:
            self._waiter = Waiter()
            try:
                self._waiter.block(
                    thread, abi.ZX_TIME_INFINITE, abi.ZX_THREAD_STATE_BLOCKED_INTERRUPT
                )
            except BaseException:
                if self.state is State.WAITING:
                    self.state = State.IDLE
                raise
            finally:
                self._waiter = None
        self.signaled = False

    def wait(self, thread: Thread) -> int:
        """Wait until it is triggered, and return the timestamp.

        BAD_STATE: bound, or another thread waits; CANCELED: destroyed.
        """
        while True:
            if self.port is not None or self.state is State.WAITING:
                raise ZxError(abi.ZX_ERR_BAD_STATE)
            if self.state is State.DESTROYED:
                raise ZxError(abi.ZX_ERR_CANCELED)
            if self.state is State.TRIGGERED:
                self.state = State.NEEDACK
                self.signaled = False
                timestamp, self.timestamp = self.timestamp, 0
                return timestamp
            self._sleep(thread)

    def trigger(self, timestamp: int) -> None:
        """Let it happen.  CANCELED: destroyed."""
        if self.state is State.DESTROYED:
            raise ZxError(abi.ZX_ERR_CANCELED)
        if self.timestamp == 0:
            self.timestamp = timestamp
        if self.port is None:
            self._signal()
            self.state = State.TRIGGERED
        elif self.state is not State.NEEDACK:  # else the acknowledgement sends it
            self._send(self.port, timestamp)
            self.state = State.NEEDACK

    def bind(self, port: Port, key: int) -> None:
        """Send packets from now on.

        CANCELED: destroyed; BAD_STATE: a thread waits; ALREADY_BOUND.
        """
        if self.state is State.DESTROYED:
            raise ZxError(abi.ZX_ERR_CANCELED)
        if self.state is State.WAITING:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if self.port is not None:
            raise ZxError(abi.ZX_ERR_ALREADY_BOUND)
        self.port = port
        self.packet.key = key
        if self.state is State.TRIGGERED:
            self._send(port, self.timestamp)
            self.state = State.NEEDACK

    def unbind(self, port: Port) -> None:
        """Send no packets any more.  NOT_FOUND: not bound to *port*; CANCELED: destroyed."""
        if self.port is not port:
            raise ZxError(abi.ZX_ERR_NOT_FOUND)
        if self.state is State.DESTROYED:
            raise ZxError(abi.ZX_ERR_CANCELED)
        port.remove_interrupt(self.packet)
        self.port = None

    def ack(self) -> None:
        """The packet has been dealt with.

        BAD_STATE: not bound, or the packet is still in the port though the interrupt was triggered
        again; CANCELED: destroyed.
        """
        if self.port is None:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if self.state is State.DESTROYED:
            raise ZxError(abi.ZX_ERR_CANCELED)
        if self.state is not State.NEEDACK:
            return
        if self.timestamp == 0:
            self.state = State.IDLE
        elif not self._send(self.port, self.timestamp):
            raise ZxError(abi.ZX_ERR_BAD_STATE)

    def destroy(self) -> bool:
        """End it for good, and its wait; False: its packet was taken and not acknowledged."""
        needs_ack = self.state is State.NEEDACK
        self.state = State.DESTROYED
        if self.port is None:
            self._signal()
            return True
        queued = self.port.remove_interrupt(self.packet)
        return queued or not needs_ack

"""Ports: queues of packets, from users and from waits that came true."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from time import monotonic_ns
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher, SignalObserver
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.handle import Handle
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.thread import Thread

_SIGNAL = struct.Struct("<QIiIIQQQ")
_INTERRUPT = struct.Struct("<QIiqQQQ")


class Packet:
    """One packet: its bytes, and where a signal packet came from."""

    __slots__ = ("data", "key", "source")

    def __init__(self, key: int, data: bytes, source: Handle | None) -> None:
        self.key = key
        #: zx_port_packet_t.
        self.data = data
        #: The handle waited on; None for a user's packet.
        self.source = source


class PagePacket(Packet):
    """What the pages of a VMO are asked for with; it is queued at most once."""

    __slots__ = ("taken",)

    def __init__(self, taken: Callable[[], None]) -> None:
        super().__init__(0, b"", None)
        #: Told when it has left the port.
        self.taken = taken


class InterruptPacket:
    """What an interrupt that is bound to a port sends; it is queued at most once."""

    __slots__ = ("key", "timestamp")

    def __init__(self) -> None:
        self.key = 0
        self.timestamp = 0


class PortObserver(SignalObserver):
    """A wait whose outcome is a packet."""

    __slots__ = ("key", "port", "timestamp")

    def __init__(
        self, port: Port, handle: Handle, key: int, trigger: int, edge: bool, timestamp: bool
    ) -> None:
        super().__init__(handle, trigger, edge)
        self.port = port
        self.key = key
        self.timestamp = timestamp

    def on_match(self, signals: int) -> None:
        self.port.pending.pop(self, None)
        now = monotonic_ns() if self.timestamp else 0
        data = _SIGNAL.pack(
            self.key, abi.ZX_PKT_TYPE_SIGNAL_ONE, abi.ZX_OK, self.trigger, signals, 1, now, 0
        )
        self.port.queue(Packet(self.key, data, self.handle))

    def on_cancel(self, signals: int) -> None:
        self.port.pending.pop(self, None)


class Port(Dispatcher):
    """A port."""

    __slots__ = ("_waiters", "interrupts", "options", "packets", "pending", "user_packets")

    TYPE = abi.ZX_OBJ_TYPE_PORT
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_PORT_RIGHTS
    WAITABLE = False

    def __init__(self, kernel: Kernel, options: int) -> None:
        super().__init__(kernel)
        #: ZX_PORT_BIND_TO_INTERRUPT, or 0.
        self.options = options
        self.packets: deque[Packet] = deque()
        #: Those of interrupts, which go before the others.
        self.interrupts: deque[InterruptPacket] = deque()
        #: Packets among them that users queued.
        self.user_packets = 0
        #: Waits that are armed (an ordered set).
        self.pending: dict[PortObserver, None] = {}
        self._waiters: deque[Waiter] = deque()

    def on_zero_handles(self) -> None:
        for observer in self.pending:
            observer.handle.object.remove_observer(observer)
        self.pending.clear()
        self.packets.clear()

    def queue(self, packet: Packet) -> None:
        """Append a packet and let one waiting thread have it."""
        self.packets.append(packet)
        self._wake()

    def _wake(self) -> None:
        if self._waiters:
            self._waiters.popleft().wake()

    def queue_user(self, key: int, data: bytes, thread: Thread) -> None:
        """A user's packet; too many of them are the sender's policy exception, and SHOULD_WAIT."""
        if self.user_packets > abi.PORT_EPHEMERAL_PACKETS_MAX:
            code = abi.ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_PACKETS
            thread.policy_error(code, "PORT_TOO_MANY_PACKETS")
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)
        self.user_packets += 1
        self.queue(Packet(key, data, None))

    def arm(self, observer: PortObserver, thread: Thread) -> None:
        """Let *observer* wait; too many of them are the caller's policy exception, SHOULD_WAIT."""
        if len(self.pending) >= abi.PORT_OBSERVERS_MAX:
            code = abi.ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_OBSERVERS
            thread.policy_error(code, "PORT_TOO_MANY_OBSERVERS")
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)
        self.pending[observer] = None
        observer.handle.object.add_observer(observer)

    def takes_interrupts(self) -> bool:
        """Whether interrupts may be bound to it."""
        return self.options == abi.ZX_PORT_BIND_TO_INTERRUPT

    def queue_interrupt(self, packet: InterruptPacket, timestamp: int) -> bool:
        """Queue an interrupt's packet; False if it is queued already."""
        if packet in self.interrupts:
            return False
        packet.timestamp = timestamp
        self.interrupts.append(packet)
        self._wake()
        return True

    def remove_interrupt(self, packet: InterruptPacket) -> bool:
        """Take an interrupt's packet out again; whether it was queued."""
        queued = packet in self.interrupts
        if queued:
            self.interrupts.remove(packet)
        return queued

    def take_back(self, packet: PagePacket) -> bool:
        """Take the packet of a page source out again; whether it was queued."""
        queued = packet in self.packets
        if queued:
            self.packets.remove(packet)
        return queued

    def wait(self, deadline: int, thread: Thread) -> bytes:
        """Take the next packet, waiting for it until *deadline*; TIMED_OUT."""
        while not self.packets and not self.interrupts:
            waiter = Waiter()
            self._waiters.append(waiter)
            try:
                status = waiter.block(thread, deadline, abi.ZX_THREAD_STATE_BLOCKED_PORT)
            finally:
                if waiter in self._waiters:  # nobody has woken it for a packet
                    self._waiters.remove(waiter)
            if status != abi.ZX_OK and not self.packets and not self.interrupts:
                raise ZxError(status)
        if self.interrupts:
            sent = self.interrupts.popleft()
            return _INTERRUPT.pack(
                sent.key, abi.ZX_PKT_TYPE_INTERRUPT, abi.ZX_OK, sent.timestamp, 0, 0, 0
            )
        packet = self.packets.popleft()
        data = packet.data
        if isinstance(packet, PagePacket):
            packet.taken()  # and carries the next one's data from now on
        elif packet.source is None:
            self.user_packets -= 1
        return data

    def cancel_waits(self, source: Handle, key: int) -> bool:
        """Disarm waits and drop packets of *source* with *key*; whether there were any."""
        armed = [o for o in self.pending if o.handle is source and o.key == key]
        for observer in armed:
            source.object.remove_observer(observer)
            del self.pending[observer]
        kept = deque(p for p in self.packets if p.source is not source or p.key != key)
        found = bool(armed) or len(kept) != len(self.packets)
        self.packets = kept
        return found

"""Page sources: what a VMO asks its pager for, and the packets that say so."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.port import PagePacket
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.pager import Pager
    from zxio_py.kernel.port import Port
    from zxio_py.kernel.thread import Thread

_PACKET = struct.Struct("<QIiHHIQQQ")


class PageRequest:
    """A range of pages that is asked for, and the threads that wait for it."""

    __slots__ = ("command", "end", "offset", "pending", "waiters")

    def __init__(self, command: int, offset: int, length: int) -> None:
        #: ZX_PAGER_VMO_READ, ZX_PAGER_VMO_DIRTY or ZX_PAGER_VMO_COMPLETE.
        self.command = command
        #: Bytes, whole pages.
        self.offset = offset
        self.end = offset + length
        #: Bytes of it that nothing has been done about.
        self.pending = length
        self.waiters: list[Waiter] = []


class PageSource:
    """The requests of one VMO.

    Its one packet carries one request at a time: the next goes to the port when that one has been
    taken from there.
    """

    __slots__ = (
        "_active",
        "_closed",
        "_complete",
        "_outstanding",
        "_packet",
        "_unsent",
        "detached",
        "key",
        "pager",
        "port",
        "traps_dirty",
    )

    def __init__(self, pager: Pager, port: Port, key: int, traps_dirty: bool) -> None:
        self.pager = pager
        self.port = port
        self.key = key
        #: Whether the pager is asked before a page becomes dirty.
        self.traps_dirty = traps_dirty
        #: Whether nothing is asked for any more.
        self.detached = False
        #: Whether the VMO has ended.
        self._closed = False
        self._outstanding: list[PageRequest] = []
        #: The request that the packet carries while it is in the port.
        self._active: PageRequest | None = None
        self._unsent: deque[PageRequest] = deque()
        self._complete = PageRequest(abi.ZX_PAGER_VMO_COMPLETE, 0, 0)
        self._packet = PagePacket(self._taken)
        pager.sources[self] = None

    # Asking ------------------------------------------------------------------------------

    def wait(self, command: int, offset: int, length: int, thread: Thread) -> None:
        """Ask for a range and sleep until something was done about it: then look again.

        BAD_STATE: it is detached; otherwise what the pager says has failed.
        """
        if self.detached:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        request = self._request(command, offset, length)
        waiter = Waiter()
        request.waiters.append(waiter)
        try:
            status = waiter.block(thread, abi.ZX_TIME_INFINITE, abi.ZX_THREAD_STATE_BLOCKED_PAGER)
        finally:
            self._leave(request, waiter)
        if status != abi.ZX_OK:
            raise ZxError(status)

    def _request(self, command: int, offset: int, length: int) -> PageRequest:
        """A request that begins with the range: one there is, or a new one in front of others."""
        end = offset + length
        for other in self._outstanding:
            if other.command == command:
                if other.offset <= offset < other.end:
                    return other
                if offset < other.offset:
                    end = min(end, other.offset)
        request = PageRequest(command, offset, end - offset)
        self._outstanding.append(request)
        self._send(request)
        return request

    def _leave(self, request: PageRequest, waiter: Waiter) -> None:
        """A thread waits no more; what nobody waits for is not asked for."""
        if waiter in request.waiters:
            request.waiters.remove(waiter)
            if not request.waiters:
                self._end(request, abi.ZX_OK)

    # Answers -----------------------------------------------------------------------------

    def resolve(self, command: int, offset: int, length: int) -> None:
        """What was asked for in a range has come."""
        end = offset + length
        for request in self._touched(command, offset, end):
            request.pending -= min(end, request.end) - max(offset, request.offset)
            if request.pending <= 0:
                self._end(request, abi.ZX_OK)

    def fail(self, offset: int, length: int, status: int) -> None:
        """Nothing that was asked for in a range will come: its waiters are told why."""
        for command in (abi.ZX_PAGER_VMO_READ, abi.ZX_PAGER_VMO_DIRTY):
            for request in self._touched(command, offset, offset + length):
                # The first page is what is waited for, those behind it would have come in handy.
                spared = command == abi.ZX_PAGER_VMO_DIRTY and request.offset < offset
                self._end(request, abi.ZX_OK if spared else status)

    def _touched(self, command: int, offset: int, end: int) -> list[PageRequest]:
        """Outstanding requests that have something to do with a range, by offset."""
        touched = [
            request
            for request in self._outstanding
            if request.command == command and request.offset < end and offset < request.end
        ]
        return sorted(touched, key=lambda request: request.offset)

    def _end(self, request: PageRequest, status: int) -> None:
        self._outstanding.remove(request)
        self._take_back(request)
        for waiter in request.waiters:
            waiter.wake(status)
        request.waiters.clear()

    def detach(self) -> None:
        """Ask for nothing any more; whoever waits finds that out.  The last packet says so."""
        if self.detached:
            return
        self.detached = True
        for request in sorted(self._outstanding, key=lambda r: (r.command, r.offset)):
            self._end(request, abi.ZX_OK)
        self._send(self._complete)

    def close(self) -> None:
        """The VMO has ended."""
        self.detach()
        self._closed = True
        if self._active is not self._complete:
            self.pager.sources.pop(self, None)

    def abandon(self) -> None:
        """The pager has ended: nobody is to be told anything."""
        self.detach()
        self._take_back(self._complete)

    # The packet --------------------------------------------------------------------------

    def _send(self, request: PageRequest) -> None:
        if self._active is not None:
            self._unsent.append(request)
            return
        self._active = request
        length = request.end - request.offset
        self._packet.data = _PACKET.pack(
            self.key,
            abi.ZX_PKT_TYPE_PAGE_REQUEST,
            abi.ZX_OK,
            request.command,
            0,
            0,
            request.offset,
            length,
            0,
        )
        if self.port.handle_count:  # else nobody will ever take it
            self.port.queue(self._packet)

    def _taken(self) -> None:
        """The packet has left the port: it can carry the next request."""
        if self._active is self._complete and self._closed:
            self.pager.sources.pop(self, None)
        self._active = None
        if self._unsent:
            self._send(self._unsent.popleft())

    def _take_back(self, request: PageRequest) -> None:
        """Nobody needs to see the request any more."""
        if request is self._active:
            if self.port.take_back(self._packet):
                self._taken()
        elif request in self._unsent:
            self._unsent.remove(request)

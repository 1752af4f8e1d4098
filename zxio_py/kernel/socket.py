"""Sockets: byte streams and datagrams between two ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.paired import Paired

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel

#: Bytes of one buffer, which with a header of 16 has 2048; of one direction, which has 128 of them.
SEGMENT = 2048 - 16
CAPACITY = 128 * SEGMENT


class Segment:
    """Bytes on their way: of a stream up to what there is room for, or a part of a datagram."""

    __slots__ = ("data", "datagram")

    def __init__(self, data: bytes | memoryview, datagram: int = 0) -> None:
        self.data = bytearray(data)
        #: Size of the datagram that begins here; 0 within one.
        self.datagram = datagram


class Buffer:
    """Bytes on their way in one direction, in segments."""

    __slots__ = ("head_offset", "segments", "size")

    def __init__(self) -> None:
        self.segments: deque[Segment] = deque()
        #: Bytes of the first segment that are gone already (streams only).
        self.head_offset = 0
        self.size = 0

    def append_stream(self, data: bytes) -> None:
        """Add bytes behind those that are there."""
        self.size += len(data)
        done = self.room_in_last()
        if done:
            self.segments[-1].data += data[:done]
        view = memoryview(data)
        for at in range(done, len(data), SEGMENT):
            self.segments.append(Segment(view[at : at + SEGMENT]))

    def room_in_last(self) -> int:
        """Bytes that the last segment still takes."""
        return SEGMENT - len(self.segments[-1].data) if self.segments else 0

    def whole_steps(self, size: int) -> int:
        """How many of *size* bytes fill up segments when they are appended."""
        done = self.room_in_last()
        return done + (size - done) // SEGMENT * SEGMENT if size >= done else 0

    def append_datagram(self, data: bytes) -> None:
        """Add a datagram, which is not empty."""
        self.size += len(data)
        view = memoryview(data)
        for at in range(0, len(data), SEGMENT):
            self.segments.append(Segment(view[at : at + SEGMENT], 0 if at else len(data)))

    def parts(self, size: int) -> Iterator[bytearray]:
        """The first *size* bytes, a segment at a time."""
        offset = self.head_offset
        for segment in self.segments:
            if not size:
                break
            part = segment.data
            if offset or size < len(part):
                part = part[offset : offset + size]
                offset = 0
            yield part
            size -= len(part)

    def consume_stream(self, count: int) -> None:
        """Drop *count* bytes."""
        self.size -= count
        count += self.head_offset
        while self.segments and count >= len(self.segments[0].data):
            count -= len(self.segments.popleft().data)
        self.head_offset = count

    def consume_datagram(self, count: int) -> None:
        """Drop the segments in which the first *count* bytes are."""
        while count > 0:
            size = len(self.segments.popleft().data)
            self.size -= size
            count -= size

    def consume_rest(self) -> None:
        """Drop what is left of the datagram whose beginning is gone."""
        while self.segments and not self.segments[0].datagram:
            self.size -= len(self.segments.popleft().data)

    @property
    def next_datagram(self) -> int:
        """Size of the next datagram in bytes, 0 if there is none."""
        return self.segments[0].datagram if self.segments else 0


class Socket(Paired):
    """One end of a socket."""

    __slots__ = (
        "incoming",
        "options",
        "read_disabled",
        "read_threshold",
        "write_disabled",
        "write_threshold",
    )

    TYPE = abi.ZX_OBJ_TYPE_SOCKET
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_SOCKET_RIGHTS

    def __init__(self, kernel: Kernel, options: int) -> None:
        super().__init__(kernel, abi.ZX_SOCKET_WRITABLE)
        self.options = options
        #: Written by the peer, not read yet.
        self.incoming = Buffer()
        #: Whether this end may not write, and whether the peer may not (nothing more will come).
        self.write_disabled = False
        self.read_disabled = False
        #: Bytes from which READ_THRESHOLD and WRITE_THRESHOLD are asserted; 0 for never.
        self.read_threshold = 0
        self.write_threshold = 0

    @classmethod
    def create(cls, kernel: Kernel, options: int) -> tuple[Socket, Socket]:
        """Both ends of a new socket."""
        return cls(kernel, options).join(cls(kernel, options))

    @property
    def is_datagram(self) -> bool:
        """Whether messages keep their boundaries."""
        return bool(self.options & abi.ZX_SOCKET_DATAGRAM)

    def on_zero_handles(self) -> None:
        self.part(abi.ZX_SOCKET_WRITABLE, abi.ZX_SOCKET_PEER_CLOSED)

    # Transfer ----------------------------------------------------------------------------

    def check_writable(self) -> Socket:
        """The peer to write to: PEER_CLOSED, then BAD_STATE if this end may not write."""
        if self.peer is None:
            raise ZxError(abi.ZX_ERR_PEER_CLOSED)
        if self.write_disabled:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        return self.peer

    def room_for(self, size: int) -> int:
        """How many of *size* bytes (not 0) the peer can take now: SHOULD_WAIT if none.

        A datagram goes as a whole or not at all: OUT_OF_RANGE if it never can.
        """
        assert self.peer is not None
        room = CAPACITY - self.peer.incoming.size
        if room == 0:
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)
        if not self.is_datagram:
            return min(size, room)
        if size > CAPACITY:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if size > room:
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)
        return size

    def write(self, data: bytes, size: int) -> None:
        """Hand the peer what the caller had of *size* bytes; `room_for` has said that they fit.

        INVALID_ARGS if that was not all: a datagram goes as a whole, and of a stream what fills up
        segments stays written.
        """
        peer = self.peer
        assert peer is not None
        incoming = peer.incoming
        if len(data) < size:
            data = b"" if self.is_datagram else data[: incoming.whole_steps(len(data))]
        if data:
            if self.is_datagram:
                incoming.append_datagram(data)
            else:
                incoming.append_stream(data)
            self._after_write(peer)
        if len(data) < size:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)

    def _after_write(self, peer: Socket) -> None:
        """Bring the signals of both ends up to what is there now."""
        # All that changes at one end changes at once: who waits sees it together.
        waiting = peer.incoming.size
        reached = 0 < peer.read_threshold <= waiting
        readable = abi.ZX_SOCKET_READABLE
        peer.update_signals(0, readable | (abi.ZX_SOCKET_READ_THRESHOLD if reached else 0))
        gone = abi.ZX_SOCKET_WRITABLE if waiting >= CAPACITY else 0
        if CAPACITY - waiting < self.write_threshold:
            gone |= abi.ZX_SOCKET_WRITE_THRESHOLD
        self.update_signals(gone, 0)

    def check_readable(self) -> None:
        """There is something to read: else PEER_CLOSED, BAD_STATE or SHOULD_WAIT."""
        if not self.incoming.size:
            if self.peer is None:
                raise ZxError(abi.ZX_ERR_PEER_CLOSED)
            if self.read_disabled:
                raise ZxError(abi.ZX_ERR_BAD_STATE)
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)

    def head(self, size: int) -> Iterator[bytearray]:
        """Up to *size* bytes, of the next datagram if it is one, a segment at a time."""
        if self.is_datagram:
            size = min(size, self.incoming.next_datagram)
        return self.incoming.parts(size)

    def consume(self, count: int, whole: bool) -> None:
        """Drop what was read: *count* bytes, or all of the datagram if it was read as a *whole*."""
        was_full = self.incoming.size >= CAPACITY
        if self.is_datagram:
            self.incoming.consume_datagram(count)
            if whole:
                self.incoming.consume_rest()
        else:
            self.incoming.consume_stream(count)
        self.after_read(was_full)

    def after_read(self, was_full: bool) -> None:
        """Bring the signals of both ends up to what is left.

        WRITABLE returns only where the buffer was full: otherwise it is as the disposition left it.
        """
        waiting = self.incoming.size
        gone = 0 if waiting else abi.ZX_SOCKET_READABLE
        if waiting < self.read_threshold:
            gone |= abi.ZX_SOCKET_READ_THRESHOLD
        self.update_signals(gone, 0)
        peer = self.peer
        if peer is not None:
            come = abi.ZX_SOCKET_WRITABLE if was_full and waiting < CAPACITY else 0
            if 0 < peer.write_threshold <= CAPACITY - waiting:
                come |= abi.ZX_SOCKET_WRITE_THRESHOLD
            peer.update_signals(0, come)

    # Thresholds --------------------------------------------------------------------------

    def set_read_threshold(self, value: int) -> None:
        """ZX_PROP_SOCKET_RX_THRESHOLD; INVALID_ARGS above the capacity."""
        if value > CAPACITY:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.read_threshold = value
        reached = 0 < value <= self.incoming.size
        signal = abi.ZX_SOCKET_READ_THRESHOLD
        self.update_signals(signal, signal if reached else 0)

    def set_write_threshold(self, value: int) -> None:
        """ZX_PROP_SOCKET_TX_THRESHOLD; PEER_CLOSED, INVALID_ARGS above the capacity."""
        peer = self.peer
        if peer is None:
            raise ZxError(abi.ZX_ERR_PEER_CLOSED)
        if value > CAPACITY:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.write_threshold = value
        reached = 0 < value <= CAPACITY - peer.incoming.size
        signal = abi.ZX_SOCKET_WRITE_THRESHOLD
        self.update_signals(signal, signal if reached else 0)

    # Disposition -------------------------------------------------------------------------

    def set_disposition(self, own: bool | None, peers: bool | None) -> None:
        """Enable (True) or disable (False) writing on this end and on the peer; None: as it is.

        BAD_STATE: data written before the disabling is still to be read.
        """
        if own is True and self.write_disabled and self._undrained():
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        disabled = self.signals & abi.ZX_SOCKET_PEER_WRITE_DISABLED
        if peers is True and disabled and self.incoming.size:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        peer = self.peer
        if peer is not None:
            peer._set_directions(peers, own, shown=True)
        self._set_directions(own, peers, shown=peer is not None)

    def _undrained(self) -> bool:
        return self.peer is not None and self.peer.incoming.size > 0

    def _set_directions(self, writing: bool | None, reading: bool | None, shown: bool) -> None:
        """Note what this end and its peer may write, all signals at once.

        *shown*: an end that is left alone is not shown what its peer may not do any more.
        """
        clear = come = 0
        if writing is not None:
            self.write_disabled = not writing
            masks = abi.ZX_SOCKET_WRITE_DISABLED, abi.ZX_SOCKET_WRITABLE
            clear, come = masks if writing else masks[::-1]
        if reading is not None:
            self.read_disabled = not reading
            if shown and reading:
                clear |= abi.ZX_SOCKET_PEER_WRITE_DISABLED
            elif shown:
                come |= abi.ZX_SOCKET_PEER_WRITE_DISABLED
        self.update_signals(clear, come)

    # Information -------------------------------------------------------------------------

    def waiting(self) -> int:
        """Bytes a read can get: of the stream, or of the next datagram."""
        return self.incoming.next_datagram if self.is_datagram else self.incoming.size

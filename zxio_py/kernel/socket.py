"""Sockets: byte streams and datagrams between two ends."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.paired import Paired

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel

#: Bytes one direction can hold: 128 buffers of 2048 bytes, each with a header of 16.
CAPACITY = 128 * (2048 - 16)


class Buffer:
    """Bytes on their way in one direction, in chunks as they were written."""

    __slots__ = ("chunks", "head_offset", "size")

    def __init__(self) -> None:
        self.chunks: deque[bytes] = deque()
        #: Bytes of the first chunk that are gone already (streams only).
        self.head_offset = 0
        self.size = 0

    def append(self, data: bytes) -> None:
        """Add a chunk, for a datagram socket one datagram."""
        self.chunks.append(data)
        self.size += len(data)

    def read_stream(self, size: int, peek: bool) -> bytes:
        """Up to *size* bytes regardless of chunks."""
        parts: list[bytes] = []
        left = size
        for index, chunk in enumerate(self.chunks):
            if not left:
                break
            part = chunk[self.head_offset :] if index == 0 else chunk
            parts.append(part[:left])
            left -= len(parts[-1])
        data = b"".join(parts)
        if not peek:
            self._consume(len(data))
        return data

    def _consume(self, count: int) -> None:
        self.size -= count
        count += self.head_offset
        while self.chunks and count >= len(self.chunks[0]):
            count -= len(self.chunks.popleft())
        self.head_offset = count

    def read_datagram(self, size: int, peek: bool) -> bytes:
        """The first *size* bytes of the next datagram; the rest of it is dropped."""
        datagram = self.chunks[0]
        if not peek:
            self.chunks.popleft()
            self.size -= len(datagram)
        return datagram[:size]

    @property
    def available(self) -> int:
        """Size of the next datagram in bytes, 0 if there is none."""
        return len(self.chunks[0]) if self.chunks else 0


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

    def write(self, data: bytes) -> None:
        """Hand *data* to the peer; `room_for` has said that it fits."""
        peer = self.peer
        assert peer is not None
        peer.incoming.append(data)
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

    def read(self, size: int, peek: bool) -> bytes:
        """Take (or only look at) up to *size* bytes."""
        was_full = self.incoming.size >= CAPACITY
        if self.is_datagram:
            data = self.incoming.read_datagram(size, peek)
        else:
            data = self.incoming.read_stream(size, peek)
        if not peek:
            self.after_read(was_full)
        return data

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
            come = abi.ZX_SOCKET_WRITABLE if was_full else 0
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
        return self.incoming.available if self.is_datagram else self.incoming.size

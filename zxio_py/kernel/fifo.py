"""FIFOs: queues of small elements of one size between two ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class Fifo(Dispatcher):
    """One end of a fifo."""

    __slots__ = ("elem_count", "elem_size", "incoming", "peer", "peer_koid")

    TYPE = abi.ZX_OBJ_TYPE_FIFO
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_FIFO_RIGHTS
    PAIRED = True

    def __init__(self, kernel: Kernel, elem_count: int, elem_size: int) -> None:
        super().__init__(kernel, abi.ZX_FIFO_WRITABLE)
        self.elem_count = elem_count
        #: Bytes.
        self.elem_size = elem_size
        #: Elements written by the peer, not read yet, one after the other.
        self.incoming = bytearray()
        self.peer: Fifo | None = None
        self.peer_koid = 0

    @classmethod
    def create(cls, kernel: Kernel, elem_count: int, elem_size: int) -> tuple[Fifo, Fifo]:
        """Both ends of a new fifo."""
        first, second = cls(kernel, elem_count, elem_size), cls(kernel, elem_count, elem_size)
        first.peer, second.peer = second, first
        first.peer_koid, second.peer_koid = second.koid, first.koid
        return first, second

    @property
    def related_koid(self) -> int:
        return self.peer_koid

    def current_peer(self) -> Fifo | None:
        return self.peer

    def on_zero_handles(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
            peer.update_signals(abi.ZX_FIFO_WRITABLE, abi.ZX_FIFO_PEER_CLOSED)

    def check_request(self, elem_size: int, count: int) -> None:
        """OUT_OF_RANGE unless the element size is the fifo's and there is something to move."""
        if elem_size != self.elem_size or count == 0:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)

    def room(self) -> int:
        """Elements the peer can take now; SHOULD_WAIT if none.  The caller knows of the peer."""
        assert self.peer is not None
        room = self.elem_count - len(self.peer.incoming) // self.elem_size
        if room == 0:
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)
        return room

    def write(self, data: bytes) -> None:
        """Hand whole elements to the peer, which has room."""
        peer = self.peer
        assert peer is not None
        peer.incoming += data
        peer.update_signals(0, abi.ZX_FIFO_READABLE)
        if len(peer.incoming) == self.elem_count * self.elem_size:
            self.update_signals(abi.ZX_FIFO_WRITABLE, 0)

    def head(self, count: int) -> bytes:
        """Up to *count* elements, left where they are; PEER_CLOSED or SHOULD_WAIT if none."""
        if not self.incoming:
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT if self.peer else abi.ZX_ERR_PEER_CLOSED)
        return bytes(self.incoming[: count * self.elem_size])

    def consume(self, size: int) -> None:
        """Drop the first *size* bytes."""
        del self.incoming[:size]
        if not self.incoming:
            self.update_signals(abi.ZX_FIFO_READABLE, 0)
        if self.peer is not None:
            self.peer.update_signals(0, abi.ZX_FIFO_WRITABLE)

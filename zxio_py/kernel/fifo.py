"""FIFOs: queues of small elements of one size between two ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.paired import Paired

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class Fifo(Paired):
    """One end of a fifo."""

    __slots__ = ("elem_count", "elem_size", "incoming")

    TYPE = abi.ZX_OBJ_TYPE_FIFO
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_FIFO_RIGHTS

    def __init__(self, kernel: Kernel, elem_count: int, elem_size: int) -> None:
        super().__init__(kernel, abi.ZX_FIFO_WRITABLE)
        self.elem_count = elem_count
        #: Bytes.
        self.elem_size = elem_size
        #: Elements written by the peer, not read yet, one after the other.
        self.incoming = bytearray()

    @classmethod
    def create(cls, kernel: Kernel, elem_count: int, elem_size: int) -> tuple[Fifo, Fifo]:
        """Both ends of a new fifo."""
        return cls(kernel, elem_count, elem_size).join(cls(kernel, elem_count, elem_size))

    def on_zero_handles(self) -> None:
        self.part(abi.ZX_FIFO_WRITABLE, abi.ZX_FIFO_PEER_CLOSED)

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

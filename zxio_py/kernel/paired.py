"""What channels, sockets, fifos and event pairs share: each object is one of two ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class Paired(Dispatcher):
    """One of two ends that know of each other."""

    __slots__ = ("peer", "peer_koid")

    def __init__(self, kernel: Kernel, signals: int = 0) -> None:
        super().__init__(kernel, signals)
        #: The other end; None once it has lost its last handle.
        self.peer: Self | None = None
        self.peer_koid = 0

    def join(self, other: Self) -> tuple[Self, Self]:
        """Make *other* the other end; both."""
        self.peer, other.peer = other, self
        self.peer_koid, other.peer_koid = other.koid, self.koid
        return self, other

    @property
    def related_koid(self) -> int:
        return self.peer_koid

    def user_signal_peer(self, clear: int, set: int) -> None:
        if (clear | set) & ~self.USER_SIGNALS:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.peer is None:
            raise ZxError(abi.ZX_ERR_PEER_CLOSED)
        self.peer.update_signals(clear, set)

    def part(self, clear: int, assert_: int) -> None:
        """Leave the other end alone, with these changes of its signals."""
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
            peer.update_signals(clear, assert_)

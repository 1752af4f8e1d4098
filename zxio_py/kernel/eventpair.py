"""Event pairs: two events that know of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class EventPair(Dispatcher):
    """One end of an event pair."""

    __slots__ = ("peer", "peer_koid")

    TYPE = abi.ZX_OBJ_TYPE_EVENTPAIR
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_EVENTPAIR_RIGHTS
    USER_SIGNALS = abi.ZX_USER_SIGNAL_ALL | abi.ZX_EVENTPAIR_SIGNALED
    PAIRED = True

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self.peer: EventPair | None = None
        self.peer_koid = 0

    @classmethod
    def create(cls, kernel: Kernel) -> tuple[EventPair, EventPair]:
        """Both ends of a new pair."""
        first, second = cls(kernel), cls(kernel)
        first.peer, second.peer = second, first
        first.peer_koid, second.peer_koid = second.koid, first.koid
        return first, second

    @property
    def related_koid(self) -> int:
        return self.peer_koid

    def current_peer(self) -> EventPair | None:
        return self.peer

    def on_zero_handles(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
            peer.update_signals(0, abi.ZX_EVENTPAIR_PEER_CLOSED)

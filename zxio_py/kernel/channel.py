"""Channels: messages of bytes and handles between two ends."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.handle import Handle
    from zxio_py.kernel.kernel import Kernel

#: Size in bytes, the bytes, the handles or None.
Message: TypeAlias = "tuple[int, bytes, list[Handle] | None]"


class Channel(Dispatcher):
    """One end of a channel."""

    __slots__ = ("messages", "peer", "peer_koid")

    TYPE = abi.ZX_OBJ_TYPE_CHANNEL
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_CHANNEL_RIGHTS
    PAIRED = True

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel, abi.ZX_CHANNEL_WRITABLE)
        #: Written by the peer, not read yet.
        self.messages: deque[Message] = deque()
        self.peer: Channel | None = None
        self.peer_koid = 0

    @classmethod
    def create(cls, kernel: Kernel) -> tuple[Channel, Channel]:
        """Both ends of a new channel."""
        first, second = cls(kernel), cls(kernel)
        first.peer, second.peer = second, first
        first.peer_koid, second.peer_koid = second.koid, first.koid
        return first, second

    @property
    def related_koid(self) -> int:
        return self.peer_koid

    def current_peer(self) -> Channel | None:
        return self.peer

    def current_signals(self) -> int:
        return self.signals | abi.ZX_CHANNEL_READABLE if self.messages else self.signals

    def write(self, message: Message) -> None:
        """Queue *message* at the peer.  The caller has checked that there is one."""
        peer = self.peer
        if peer is None:
            raise ZxError(abi.ZX_ERR_PEER_CLOSED)
        peer.messages.append(message)
        if peer.observers:
            peer.notify(abi.ZX_CHANNEL_READABLE, peer.current_signals())

    def head(self) -> Message:
        """The next message, not yet taken.  SHOULD_WAIT or PEER_CLOSED if there is none."""
        if not self.messages:
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT if self.peer else abi.ZX_ERR_PEER_CLOSED)
        return self.messages[0]

    def on_zero_handles(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            peer.peer = None
            peer.update_signals(abi.ZX_CHANNEL_WRITABLE, abi.ZX_CHANNEL_PEER_CLOSED)
        while self.messages:
            handles = self.messages.popleft()[2]
            if handles:
                self.kernel.close_handles(handles)

"""Event pairs: two events that know of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.paired import Paired

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class EventPair(Paired):
    """One end of an event pair."""

    __slots__ = ()

    TYPE = abi.ZX_OBJ_TYPE_EVENTPAIR
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_EVENTPAIR_RIGHTS
    USER_SIGNALS = abi.ZX_USER_SIGNAL_ALL | abi.ZX_EVENTPAIR_SIGNALED

    @classmethod
    def create(cls, kernel: Kernel) -> tuple[EventPair, EventPair]:
        """Both ends of a new pair."""
        return cls(kernel).join(cls(kernel))

    def on_zero_handles(self) -> None:
        self.part(0, abi.ZX_EVENTPAIR_PEER_CLOSED)

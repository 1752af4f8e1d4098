"""Bus transaction initiators: devices, as far as they may use memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher, clean_name

if TYPE_CHECKING:
    from zxio_py.kernel.iommu import Iommu
    from zxio_py.kernel.pmt import Pmt


class Bti(Dispatcher):
    """A bus transaction initiator."""

    __slots__ = ("iommu", "name", "quarantine", "tokens")

    TYPE = abi.ZX_OBJ_TYPE_BTI
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_BTI_RIGHTS
    WAITABLE = False

    def __init__(self, iommu: Iommu) -> None:
        super().__init__(iommu.kernel)
        self.iommu = iommu
        self.name = b""
        #: Tokens of it that pin memory, in quarantine or not.
        self.tokens = 0
        #: Tokens that were closed without being unpinned, for a device may still use the memory.
        self.quarantine: list[Pmt] = []

    def get_name(self) -> bytes:
        return self.name

    def set_name(self, name: bytes) -> None:
        self.name = clean_name(name)

    def on_zero_handles(self) -> None:
        for pmt in self.quarantine:  # nobody can release it any more
            pmt.abandon()
        self.quarantine.clear()

    def may_pin(self) -> bool:
        """Whether memory may be pinned: not while some is in quarantine."""
        return not self.quarantine

    def add_to_quarantine(self, pmt: Pmt) -> None:
        """Keep a token whose last handle is gone."""
        if self.handle_count == 0:
            pmt.abandon()
        else:
            self.quarantine.append(pmt)

    def release_quarantine(self) -> None:
        """The device has stopped."""
        for pmt in self.quarantine:
            pmt.unpin()
        self.quarantine.clear()

"""Pinned memory tokens: pages that stay where they are as long as a device may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.bti import Bti
    from zxio_py.kernel.pages import Pin
    from zxio_py.kernel.vmo import VmObject


class Pmt(Dispatcher):
    """A pinned memory token."""

    __slots__ = ("bti", "memory", "pin")

    TYPE = abi.ZX_OBJ_TYPE_PMT
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_PMT_RIGHTS
    WAITABLE = False

    def __init__(self, bti: Bti, memory: VmObject, pin: Pin) -> None:
        super().__init__(bti.kernel)
        self.bti = bti
        bti.tokens += 1
        #: None once unpinned or abandoned.
        self.memory: VmObject | None = memory
        memory.pin_count += 1
        self.pin = pin

    @classmethod
    def create(cls, bti: Bti, memory: VmObject, offset: int, size: int, writes: bool) -> Pmt:
        """Commit and pin a range, whole pages, of a VMO; *writes*: the device changes it.

        INVALID_ARGS: the range is empty; OUT_OF_RANGE; BAD_STATE: there is a quarantine.
        """
        if size == 0:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        memory.check_range(offset, size)
        memory.pin_count += 1  # it stays while its pages come
        try:
            pin = memory.store.pin(memory.base + offset, size, writes)
            if not bti.may_pin():
                memory.store.unpin(pin)
                raise ZxError(abi.ZX_ERR_BAD_STATE)
            return cls(bti, memory, pin)
        finally:
            memory.pin_count -= 1
            memory.maybe_end()

    def on_zero_handles(self) -> None:
        if self.memory is not None:
            self.bti.add_to_quarantine(self)

    def unpin(self) -> None:
        """Let the pages go."""
        if self.memory is not None:
            self.memory.store.unpin(self.pin)
            self._drop_memory()

    def abandon(self) -> None:
        """Leave the pages pinned until their VMO ends: nobody can tell when the device stops.

        What is wired never ends, and needs no pin to stay.
        """
        assert self.memory is not None
        if self.memory.store.wired:
            self.memory.store.unpin(self.pin)
        self._drop_memory()

    def _drop_memory(self) -> None:
        memory, self.memory = self.memory, None
        assert memory is not None
        self.bti.tokens -= 1
        memory.pin_count -= 1
        memory.maybe_end()

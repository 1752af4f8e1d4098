"""Virtual memory address regions as objects with handles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.aspace import Region
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class Vmar(Dispatcher):
    """A region of an address space."""

    __slots__ = ("region",)

    TYPE = abi.ZX_OBJ_TYPE_VMAR
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_VMAR_RIGHTS
    WAITABLE = False

    def __init__(self, kernel: Kernel, region: Region) -> None:
        super().__init__(kernel)
        self.region = region

    def allocate(self, flags: int, offset: int, size: int) -> Region:
        """A new child region at a place of the kernel's choice."""
        region = self.region
        if not region.alive:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        base = region.find_spot(size)
        if base is None:
            raise ZxError(abi.ZX_ERR_NO_RESOURCES)
        child = Region(region.aspace, base, size, flags, region)
        region.insert(child)
        return child

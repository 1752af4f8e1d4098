"""Resources: permission to use hardware and the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher, clean_name
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import PAGE_MASK, round_up

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class Resource(Dispatcher):
    """Permission for a range of a kind."""

    __slots__ = ("base", "flags", "kind", "name", "size")

    TYPE = abi.ZX_OBJ_TYPE_RESOURCE
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_RESOURCE_RIGHTS
    WAITABLE = False

    def __init__(
        self, kernel: Kernel, kind: int, base: int, size: int, flags: int, name: bytes
    ) -> None:
        super().__init__(kernel)
        self.kind = kind
        self.base = base
        self.size = size
        self.flags = flags
        self.name = clean_name(name)
        kernel.resources[self.koid] = self

    def get_name(self) -> bytes:
        return self.name

    def covers(self, base: int, size: int) -> bool:
        """Whether [base, base + size), not empty, lies in it; of device memory pages count."""
        first, end = self.base, self.base + self.size
        if self.kind == abi.ZX_RSRC_KIND_MMIO:
            first, end = first & ~PAGE_MASK, round_up(end)
        return size > 0 and first <= base and base + size <= end

    def check_child(self, kind: int, flags: int, base: int, size: int) -> None:
        """Whether a resource may be made from this one.

        INVALID_ARGS: no such kind or flags, or exclusive where it must not be; ACCESS_DENIED: of
        another kind, or out of the range.
        """
        exclusive = abi.ZX_RSRC_FLAG_EXCLUSIVE
        if kind >= abi.ZX_RSRC_KIND_COUNT or flags & ~exclusive:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.kind == abi.ZX_RSRC_KIND_ROOT:
            return
        if self.kind != kind or not self.covers(base, size):
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        if (self.flags | flags) & exclusive:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)

    @staticmethod
    def check_range(kernel: Kernel, kind: int, flags: int, base: int, size: int) -> None:
        """Whether there can be a resource for a range.

        INVALID_ARGS: the root kind is everything and has no range, the others have one that is not
        empty; NOT_FOUND: an exclusive range would overlap another.
        """
        if kind == abi.ZX_RSRC_KIND_ROOT:
            valid = base == size == 0
        else:
            valid = size > 0 and base + size < 1 << 64
        if not valid:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        for other in kernel.resources.values():
            exclusive = (flags | other.flags) & abi.ZX_RSRC_FLAG_EXCLUSIVE
            apart = base + size <= other.base or other.base + other.size <= base
            if other.kind == kind and exclusive and not apart:
                raise ZxError(abi.ZX_ERR_NOT_FOUND)

    def on_zero_handles(self) -> None:
        self.kernel.resources.pop(self.koid, None)

"""Resources: permission to use hardware and the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher, clean_name
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import MACHINE_MEMORY, PAGE_MASK, round_up

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


#: Physical addresses of the emulated machine that the kernel keeps to itself: memory, which comes
#: with VMOs alone, and the interrupt controllers.
_KEPT = (
    range(0x100000, MACHINE_MEMORY),
    range(0xFEC00000, 0xFEC01000),
    range(0xFEE00000, 0xFEE01000),
)


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

    def check(self, kind: int, base: int, size: int) -> None:
        """Whether it is of *kind* and covers the range, which is not empty, or is the root.

        WRONG_TYPE: another kind; ACCESS_DENIED: what the kernel keeps to itself; OUT_OF_RANGE.
        """
        if self.kind == abi.ZX_RSRC_KIND_ROOT:
            _check_kept(kind, base, size)
            return
        if self.kind != kind:
            raise ZxError(abi.ZX_ERR_WRONG_TYPE)
        if not self.covers(base, size):
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)

    def check_child(self, kind: int, flags: int, base: int, size: int) -> None:
        """Whether a resource may be made from this one.

        INVALID_ARGS: no such kind or flags, or exclusive where it must not be; ACCESS_DENIED: of
        another kind, out of the range, or what the kernel keeps to itself.
        """
        exclusive = abi.ZX_RSRC_FLAG_EXCLUSIVE
        if kind >= abi.ZX_RSRC_KIND_COUNT or flags & ~exclusive:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.kind == abi.ZX_RSRC_KIND_ROOT:
            _check_kept(kind, base, size)
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


def _check_kept(kind: int, base: int, size: int) -> None:
    """ACCESS_DENIED where not even the root resource gives the range away."""
    if kind == abi.ZX_RSRC_KIND_MMIO and any(
        base < kept.stop and base + size > max(kept.start, base) for kept in _KEPT
    ):
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)

"""Resources: permission to use hardware and the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher, clean_name
from zxio_py.kernel.errors import ZxError

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

    def covers(self, base: int, size: int = 1) -> bool:
        """Whether [base, base + size) lies in its range; the root resource has none."""
        if self.kind == abi.ZX_RSRC_KIND_ROOT:
            return True
        return self.base <= base and base + size <= self.base + self.size

    def check_child(self, kind: int, flags: int, base: int, size: int) -> None:
        """Whether a resource may be made from this one.

        INVALID_ARGS: exclusive, and not from the root; ACCESS_DENIED: of another kind, or out of
        the range; NOT_FOUND: an exclusive range would overlap another.
        """
        exclusive = abi.ZX_RSRC_FLAG_EXCLUSIVE
        if self.kind != abi.ZX_RSRC_KIND_ROOT:
            if (self.flags | flags) & exclusive:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
            if self.kind != kind or not self.covers(base, size):
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        for other in self.kernel.resources.values():
            apart = base + size <= other.base or other.base + other.size <= base
            if other.kind == kind and (flags | other.flags) & exclusive and not apart:
                raise ZxError(abi.ZX_ERR_NOT_FOUND)

    def on_zero_handles(self) -> None:
        self.kernel.resources.pop(self.koid, None)

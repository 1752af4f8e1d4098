"""Resources: permission to use hardware and the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher, clean_name

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

    def get_name(self) -> bytes:
        return self.name

    def covers(self, base: int, size: int = 1) -> bool:
        """Whether [base, base + size) lies in its range; the root resource has none."""
        if self.kind == abi.ZX_RSRC_KIND_ROOT:
            return True
        return self.base <= base and base + size <= self.base + self.size

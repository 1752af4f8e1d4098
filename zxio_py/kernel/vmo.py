"""Virtual memory objects."""

from __future__ import annotations


class VmObject:
    """The memory of a VMO."""

    __slots__ = ("base", "mapping_count", "size")

    def __init__(self) -> None:
        self.base = 0
        self.size = 0
        self.mapping_count = 0

    def maybe_end(self) -> None:
        """End it."""

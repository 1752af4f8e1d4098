"""The rule behind vectored I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from zxio_py.kernel.errors import UserFault, ZxError

#: Where bytes lie: a Python buffer, or an address in the emulated address space.
Pointer: TypeAlias = Any

#: One buffer and its capacity in bytes.
Entry: TypeAlias = tuple[Pointer, int]

_MASK64 = (1 << 64) - 1


class Vector(Protocol):
    """A sequence of buffers."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Entry: ...

    @property
    def pointer(self) -> Pointer:
        """What the kernel's stream calls take for the array."""


class Entries:
    """A vector in Python's memory."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = list(entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int, /) -> Entry:
        return self._entries[index]

    @property
    def pointer(self) -> Pointer:
        return self._entries


class UserEntries:
    """An array of zx_iovec_t in the emulated address space, read when it is looked at."""

    __slots__ = ("_count", "_read", "pointer")

    def __init__(self, read: Callable[[int, int], bytes], address: int, count: int) -> None:
        self._read = read
        self._count = count
        self.pointer: Pointer = address

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int, /) -> Entry:
        if index >= self._count:
            raise IndexError(index)
        data = self._read(self.pointer + 16 * index, 16)
        return int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little")


def do_vector(vector: Vector, op: Callable[[Pointer, int], int]) -> int:
    """Call *op* once per entry until a short transfer or an error; return the bytes moved.

    An error after some bytes have moved is swallowed: the caller learns how many did.
    """
    total = 0
    index = 0
    while index < len(vector):
        pointer, capacity = vector[index]
        try:
            actual = op(pointer, capacity)
        except UserFault:
            raise
        except ZxError:
            if total > 0:
                break
            raise
        total += actual
        if actual != capacity:
            break
        index += 1
    return total


def vector_size(vector: Vector) -> int:
    """Sum of the capacities of all entries, in bytes, as a size_t."""
    total = 0
    index = 0
    while index < len(vector):
        total += vector[index][1]
        index += 1
    return total & _MASK64

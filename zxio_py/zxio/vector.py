"""The rule behind vectored I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from zxio_py.kernel.errors import UserFault, ZxError

#: Where bytes lie: a Python buffer, or an address in the emulated address space.
Pointer: TypeAlias = Any

#: One buffer and its capacity in bytes.
Entry: TypeAlias = tuple[Pointer, int]

_MASK64 = (1 << 64) - 1


class Entries:
    """A vector in Python's memory."""

    __slots__ = ("_entries", "count")

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = list(entries)
        #: Number of entries.
        self.count = len(self._entries)

    def __getitem__(self, index: int, /) -> Entry:
        return self._entries[index]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)


class UserEntries:
    """An array of zx_iovec_t in the emulated address space, each read when it is looked at."""

    __slots__ = ("_read", "count", "pointer")

    def __init__(self, read: Callable[[int, int], bytes], pointer: int, count: int) -> None:
        self._read = read
        #: Number of entries: any size_t.
        self.count = count
        #: Address of the array.
        self.pointer = pointer

    def __getitem__(self, index: int, /) -> Entry:
        data = self._read(self.pointer + 16 * index, 16)
        return int.from_bytes(data[:8], "little"), int.from_bytes(data[8:], "little")

    def __iter__(self) -> Iterator[Entry]:
        return (self[index] for index in range(self.count))


Vector: TypeAlias = Entries | UserEntries


def do_vector(vector: Vector, op: Callable[[Pointer, int], int]) -> int:
    """Call *op* once per entry until a short transfer or an error; return the bytes moved.

    An error after some bytes have moved is swallowed: the caller learns how many did.  Whether one
    was short is seen afterwards, by the vector as it is then: bytes that are read may fall on it.
    """
    total = 0
    for index in range(vector.count):
        try:
            actual = op(*vector[index])
        except UserFault:
            raise
        except ZxError:
            if total > 0:
                break
            raise
        total += actual
        if actual != vector[index][1]:
            break
    return total


def vector_size(vector: Vector) -> int:
    """Sum of the capacities of all entries, in bytes, as a size_t."""
    return sum(capacity for _, capacity in vector) & _MASK64

"""Handles and the tables that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from zxio_py import abi

if TYPE_CHECKING:
    from zxio_py.kernel.dispatcher import Dispatcher
    from zxio_py.kernel.kernel import Kernel

#: Handle values use this many bits above the two fixed ones; the top bit stays 0.
_BASE_BITS = 29
_BASE_MASK = (1 << _BASE_BITS) - 1
#: Odd, so that multiplying by it permutes the bases: neighbours in time are no neighbours in
#: value, and a value that is slightly off names nothing.
_SPREAD = 0x0B5C3A95


class Handle:
    """A reference to an object together with the rights to use it.

    It keeps its base value for life, also while it travels in a message, so a process that gets
    its own handle back finds it under the same value.
    """

    __slots__ = ("base", "object", "rights")

    def __init__(self, object: Dispatcher, rights: int, base: int) -> None:
        self.object = object
        self.rights = rights
        self.base = base


class HandleTable:
    """The handles of one process, by value."""

    __slots__ = ("_entries", "_kernel", "_mixer", "get")

    #: Look a value up: the handle, or None.
    get: Callable[[int], Handle | None]

    def __init__(self, kernel: Kernel, mixer: int) -> None:
        self._kernel = kernel
        self._mixer = mixer & _BASE_MASK
        self._entries: dict[int, Handle] = {}
        self.get = self._entries.get

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, value: int) -> bool:
        return value in self._entries

    def items(self) -> Iterator[tuple[int, Handle]]:
        """(value, handle) of every handle."""
        return iter(list(self._entries.items()))

    def value_for(self, handle: Handle) -> int:
        """The value under which *handle* is to be put into this table."""
        value = (handle.base ^ self._mixer) << 2 | abi.ZX_HANDLE_FIXED_BITS_MASK
        while value in self._entries:  # bases come round after 2**29 handles
            handle.base = self._kernel.next_handle_base()
            value = (handle.base ^ self._mixer) << 2 | abi.ZX_HANDLE_FIXED_BITS_MASK
        return value

    def put(self, value: int, handle: Handle) -> None:
        """Put *handle* in under the value that `value_for` gave."""
        self._entries[value] = handle

    def add(self, handle: Handle) -> int:
        """Put *handle* in and return its value."""
        value = self.value_for(handle)
        self._entries[value] = handle
        return value

    def remove(self, value: int) -> Handle | None:
        """Take a handle out without closing it; None if there is no such handle."""
        return self._entries.pop(value, None)

    def clear(self) -> list[Handle]:
        """Take every handle out."""
        handles = list(self._entries.values())
        self._entries.clear()
        return handles


def spread(counter: int) -> int:
    """The base value of the *counter*-th handle ever made."""
    return counter * _SPREAD & _BASE_MASK

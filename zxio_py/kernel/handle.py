"""Handles and the tables that name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from zxio_py import abi

if TYPE_CHECKING:
    from zxio_py.kernel.channel import Channel
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

    __slots__ = ("base", "object", "receives", "rights", "sends")

    #: The channel end it may read from and the one it may write to: the checks of type and rights
    #: done beforehand, for the Python door.  Handles to other objects do without.
    receives: Channel | None
    sends: Channel | None

    def __init__(self, object: Dispatcher, rights: int, base: int) -> None:
        self.object = object
        self.base = base
        self.limit(rights)

    def limit(self, rights: int) -> None:
        """Set its rights; while it is in no table."""
        self.rights = rights
        channel = self.object.as_channel()
        if channel is not None:
            self.receives = channel if rights & abi.ZX_RIGHT_READ else None
            self.sends = channel if rights & abi.ZX_RIGHT_WRITE else None


class HandleTable:
    """The handles of one process, by value."""

    __slots__ = ("_kernel", "_mixer", "entries", "get")

    entries: dict[int, Handle]
    #: Look a value up: the handle, or None.
    get: Callable[[int], Handle | None]

    def __init__(self, kernel: Kernel, mixer: int) -> None:
        self._kernel = kernel
        self._mixer = mixer & _BASE_MASK
        self.entries = {}
        self.get = self.entries.get

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, value: int) -> bool:
        return value in self.entries

    def items(self) -> Iterator[tuple[int, Handle]]:
        """(value, handle) of every handle."""
        return iter(list(self.entries.items()))

    def value_for(self, handle: Handle) -> int:
        """The value under which *handle* is to be put into this table."""
        value = (handle.base ^ self._mixer) << 2 | abi.ZX_HANDLE_FIXED_BITS_MASK
        while value in self.entries:  # bases come round after 2**29 handles
            handle.base = self._kernel.next_handle_base()
            value = (handle.base ^ self._mixer) << 2 | abi.ZX_HANDLE_FIXED_BITS_MASK
        return value

    def put(self, value: int, handle: Handle) -> None:
        """Put *handle* in under the value that `value_for` gave."""
        self.entries[value] = handle

    def add(self, handle: Handle) -> int:
        """Put *handle* in and return its value."""
        value = self.value_for(handle)
        self.entries[value] = handle
        return value

    def remove(self, value: int) -> Handle | None:
        """Take a handle out without closing it; None if there is no such handle."""
        return self.entries.pop(value, None)

    def clear(self) -> list[Handle]:
        """Take every handle out."""
        handles = list(self.entries.values())
        self.entries.clear()
        return handles


def spread(counter: int) -> int:
    """The base value of the *counter*-th handle ever made."""
    return counter * _SPREAD & _BASE_MASK

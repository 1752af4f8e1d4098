"""A message on its way: what is sent of its handles, and how far a received one is used up."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Form
from typing import Any, NamedTuple, Protocol

from zxio_py import abi
from zxio_py.fidl.errors import Code, FidlError
from zxio_py.fidl.layout import MAX_DEPTH

#: The word of a pointer that is present.
PRESENT = (1 << 64) - 1
#: The word of a handle that is.
HANDLE_PRESENT = (1 << 32) - 1


#: zx_handle_disposition_t with its result left 0; zx_handle_info_t.
_DISPOSITION = Form("<IIII4x")
_INFO = Form("<III4x")


class HandleDisposition(NamedTuple):
    """What a message does with a handle: what zx_channel_write_etc takes.

    Type and rights are those of the declaration, whatever the handle has.
    """

    handle: int
    type: int
    rights: int
    operation: int = abi.ZX_HANDLE_OP_MOVE


class HandleInfo(NamedTuple):
    """A handle of a received message: what zx_channel_read_etc gives."""

    handle: int
    type: int
    rights: int


def pack_dispositions(handles: Sequence[HandleDisposition]) -> bytes:
    """The array of zx_handle_disposition_t that zx_channel_write_etc takes."""
    return b"".join(
        _DISPOSITION.pack(operation, handle, type, rights)
        for handle, type, rights, operation in handles
    )


def unpack_infos(data: bytes) -> list[HandleInfo]:
    """Handles from the array of zx_handle_info_t that zx_channel_read_etc gives."""
    return [HandleInfo(*fields) for fields in _INFO.iter_unpack(data)]


class HandleOwner(Protocol):
    """Who the handles of messages belong to; `zxio_py.kernel.Door` is one."""

    def handle_close(self, handle: int, /) -> Any:
        """Close *handle*."""

    def handle_replace(self, handle: int, rights: int, /) -> Any:
        """Give up *handle* for a new one with *rights*, which is returned."""


class Message:
    """A message that is being decoded: how far its bytes and handles are used up."""

    #: The handles as they came, and by value: 0 where one was closed on the way.
    infos: Sequence[HandleInfo] = ()
    handles: Sequence[int] = ()
    #: How many of them have been met.
    used = 0
    owner: HandleOwner | None = None
    #: Whether unknown members are kept.
    store = False

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self.end = len(data)
        #: Where the next object begins.
        self.next = start

    def take(self, infos: Sequence[HandleInfo], owner: HandleOwner | None) -> None:
        """The message has handles, of *owner*."""
        self.infos = infos
        self.handles = self._values = [info[0] for info in infos]
        self.owner = owner

    def claim(self, size: int, depth: int) -> int:
        """Take the next object, of *size* bytes, at *depth*; where it is."""
        if depth > MAX_DEPTH:
            raise FidlError(Code.EXCEEDED_MAX_OUT_OF_LINE_DEPTH)
        start = self.next
        end = start + (size + 7 & ~7)
        if end > self.end:
            raise FidlError(Code.TOO_FEW_BYTES, f"{size} bytes at {start} of {self.end}")
        if size & 7:
            self.check_zero(start + size, end)
        self.next = end
        return start

    def check_zero(self, start: int, end: int) -> None:
        """INVALID_PADDING_BYTE unless all bytes there are 0."""
        if self.data.count(0, start, end) != end - start:
            raise FidlError(Code.INVALID_PADDING_BYTE, f"between {start} and {end}")

    def present(self, word: int, at: int) -> bool:
        """What a pointer word says."""
        if word == PRESENT:
            return True
        if word:
            raise FidlError(Code.INVALID_PRESENCE_INDICATOR, f"{word:#x} at {at}")
        return False

    def take_unknown(self, count: int) -> tuple[int, ...]:
        """The next *count* handles, which nobody knows: closed, or given if they are kept."""
        first = self.used
        if count > len(self.handles) - first:
            raise FidlError(Code.ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH)
        self.used = first + count
        taken = tuple(self.handles[first : self.used])
        if self.store:
            return taken
        for index in range(first, self.used):
            self._close(index)
        return ()

    def close_all(self) -> None:
        """Close every handle of the message that has not been closed."""
        for index in range(len(self.handles)):
            self._close(index)

    def _close(self, index: int) -> None:
        handle, self._values[index] = self._values[index], 0
        if handle and self.owner is not None:
            self.owner.handle_close(handle)

    def reduce(self, index: int, rights: int) -> int:
        """Replace a handle by one that has just *rights*."""
        if self.owner is None:
            raise ValueError("a message with rights to give up needs an owner of its handles")
        handle, self._values[index] = self._values[index], 0  # given up, whatever comes of it
        self._values[index] = reduced = int(self.owner.handle_replace(handle, rights))
        return reduced

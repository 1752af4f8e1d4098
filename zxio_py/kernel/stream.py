"""Streams: seekable reading and writing over a VMO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import round_up
from zxio_py.kernel.vmo import VmObject

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel

_LIMIT = (1 << 64) - 1


class Stream(Dispatcher):
    """A stream."""

    __slots__ = ("can_resize", "memory", "options", "seek")

    TYPE = abi.ZX_OBJ_TYPE_STREAM
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_STREAM_RIGHTS

    def __init__(
        self, kernel: Kernel, options: int, memory: VmObject, seek: int, can_resize: bool
    ) -> None:
        super().__init__(kernel)
        #: ZX_STREAM_MODE_.
        self.options = options
        self.memory = memory
        memory.stream_count += 1  # it keeps the memory, as a mapping does
        self.seek = seek
        #: Whether the VMO's handle allowed it to grow.
        self.can_resize = can_resize

    def on_zero_handles(self) -> None:
        self.memory.stream_count -= 1
        self.memory.maybe_end()

    @property
    def initial_rights(self) -> int:
        rights = self.DEFAULT_RIGHTS
        if self.options & abi.ZX_STREAM_MODE_READ:
            rights |= abi.ZX_RIGHT_READ
        if self.options & abi.ZX_STREAM_MODE_WRITE:
            rights |= abi.ZX_RIGHT_WRITE
        return rights

    @property
    def appends(self) -> bool:
        """Whether every write goes to the end."""
        return bool(self.options & abi.ZX_STREAM_MODE_APPEND)

    def set_append(self, wanted: bool) -> None:
        """ZX_PROP_STREAM_MODE_APPEND."""
        self.options &= ~abi.ZX_STREAM_MODE_APPEND
        if wanted:
            self.options |= abi.ZX_STREAM_MODE_APPEND

    def readable(self, offset: int, length: int) -> int:
        """How many of *length* bytes from *offset* are content."""
        end = min(self.memory.content.size, self.memory.size)
        return max(min(length, end - offset), 0)

    def make_room(self, offset: int, length: int) -> int:
        """Make room for *length* bytes at *offset*; how many of them fit.

        OUT_OF_RANGE: the end cannot be rounded up, or no VMO is that large; NO_SPACE: nothing fits
        and the VMO does not grow.  Between the old content and *offset* come zeros.
        """
        memory = self.memory
        failure = self._grow(offset + length)
        if failure != abi.ZX_OK and memory.size <= offset:
            out_of_range = failure == abi.ZX_ERR_OUT_OF_RANGE
            raise ZxError(failure if out_of_range else abi.ZX_ERR_NO_SPACE)
        old = memory.content.size
        if old < offset:
            memory.store.zero(memory.base + old, offset - old)
        return min(length, memory.size - offset)

    def _grow(self, end: int) -> int:
        """Why there is no room for the bytes before *end*, ZX_OK if there is.

        The VMO grows if it may; its content stays what it is.
        """
        memory = self.memory
        if round_up(end) > _LIMIT:
            return abi.ZX_ERR_OUT_OF_RANGE
        if end <= memory.size:
            return abi.ZX_OK
        if not self.can_resize:
            return abi.ZX_ERR_NO_SPACE
        content = memory.content.size
        try:
            memory.set_size(end)
        except ZxError as failure:
            return failure.status
        memory.content.size = content
        return abi.ZX_OK

    def note_written(self, end: int) -> None:
        """The content reaches at least to *end*."""
        self.memory.content.size = max(self.memory.content.size, end)

    def move(self, whence: int, offset: int) -> int:
        """zx_stream_seek: the new position.  INVALID_ARGS, also where it cannot be expressed."""
        if whence == abi.ZX_STREAM_SEEK_ORIGIN_START:
            target = offset
        elif whence == abi.ZX_STREAM_SEEK_ORIGIN_CURRENT:
            target = self.seek + offset
        elif whence == abi.ZX_STREAM_SEEK_ORIGIN_END:
            target = self.memory.content.size + offset
        else:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if not 0 <= target <= _LIMIT:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.seek = target
        return target

"""Streams: seekable reading and writing over a VMO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import round_up
from zxio_py.kernel.vmo import MAX_SIZE, VmObject

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

    def prepare_write(self, offset: int, length: int) -> int:
        """Make room for *length* bytes at *offset*; how many of them fit.

        FILE_BIG: the end cannot be expressed; OUT_OF_RANGE: it cannot be rounded up; NO_SPACE:
        nothing fits and the VMO does not grow.  Between the old content and *offset* come zeros.
        """
        if offset + length > _LIMIT:
            if offset == _LIMIT:
                raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
            raise ZxError(abi.ZX_ERR_FILE_BIG)
        memory = self.memory
        end = offset + length
        if end > memory.size and self.can_resize and memory.resizable:
            if end > MAX_SIZE:
                raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
            memory.store.resize(round_up(end))
        end = min(end, memory.size)
        if end <= offset:
            raise ZxError(abi.ZX_ERR_NO_SPACE)
        old = memory.content.size
        if old < offset:
            memory.zero(old, offset - old)
        return end - offset

    def write(self, offset: int, data: bytes) -> None:
        """Store what `prepare_write` made room for; the content then reaches to its end."""
        self.memory.write(offset, data)
        self.memory.content.size = max(self.memory.content.size, offset + len(data))

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

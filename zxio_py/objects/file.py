"""Objects as Python files."""

from __future__ import annotations

import io
import os
from typing import Any, TypeAlias

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.objects.flags import Signals
from zxio_py.objects.object import Object

#: What `open_object` gives, by its mode.
Opened: TypeAlias = io.BufferedReader | io.BufferedWriter | io.BufferedRandom | io.TextIOWrapper

#: A reader's end of file: the other side is gone, or will not write any more.
_NO_MORE = (abi.ZX_ERR_PEER_CLOSED, abi.ZX_ERR_BAD_STATE)


class ObjectFile(io.RawIOBase):
    """An object as a raw file, for `io.BufferedReader` and its kind.

    A file that blocks waits where the object says ZX_ERR_SHOULD_WAIT; another one answers None, as
    raw files do.  The end of a pipe is the end of the file for a reader, `BrokenPipeError` for a
    writer; every other failing status is a `ZxError`.  Closing the file closes the object.
    """

    def __init__(
        self, target: Object, *, read: bool = True, write: bool = True, blocking: bool = True
    ) -> None:
        """A file over *target*, for reading, writing or both."""
        self.target = target
        self._read = read
        self._write = write
        self._blocking = blocking

    def readable(self) -> bool:
        """Whether it was made for reading."""
        return self._read

    def writable(self) -> bool:
        """Whether it was made for writing."""
        return self._write

    def seekable(self) -> bool:
        """Whether the object has a seek offset."""
        try:
            self.target.tell()
        except ZxError:
            return False
        return True

    def isatty(self) -> bool:
        """Whether the object wants line buffering."""
        return self.target.isatty()

    def _wait(self, signals: Signals) -> bool:
        """Wait before the next try; False for a file that does not block."""
        if self._blocking:
            self.target.wait(signals)
        return self._blocking

    # RawIOBase says Any of buffers.
    def readinto(self, buffer: Any, /) -> int | None:
        """Read into *buffer*; the bytes moved, 0 at the end, None if it would block."""
        if not self._read:
            raise io.UnsupportedOperation("not made for reading")
        while True:
            try:
                return self.target.readv([memoryview(buffer)])
            except ZxError as error:
                if error.status in _NO_MORE:
                    return 0
                if error.status != abi.ZX_ERR_SHOULD_WAIT:
                    raise
            if not self._wait(Signals.READABLE | Signals.PEER_CLOSED | Signals.READ_DISABLED):
                return None

    def write(self, data: Any, /) -> int | None:
        """Write *data*; the bytes moved, None if it would block."""
        if not self._write:
            raise io.UnsupportedOperation("not made for writing")
        while True:
            try:
                return self.target.write(data)
            except ZxError as error:
                if error.status in _NO_MORE:
                    raise BrokenPipeError(str(error)) from error
                if error.status != abi.ZX_ERR_SHOULD_WAIT:
                    raise
            if not self._wait(Signals.WRITABLE | Signals.PEER_CLOSED | Signals.WRITE_DISABLED):
                return None

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Move the seek offset; the new one."""
        return self.target.seek(offset, whence)

    def truncate(self, size: int | None = None, /) -> int:
        """Set the length, to the seek offset if none is given; the length."""
        length = self.target.tell() if size is None else size
        self.target.truncate(length)
        return length

    def close(self) -> None:
        """Close the file and its object."""
        if not self.closed:
            super().close()
            if not self.target.closed:
                self.target.close()


def open_object(target: Object, mode: str, encoding: str | None) -> Opened:
    """A buffered file over *target*.

    *mode* is "r", "w" or "r+" (reading, writing, both), with "b" for bytes; without it the file is
    one of text.  "w" truncates nothing.  `ValueError` for any other mode.
    """
    words = mode.replace("b", "", 1)
    if words not in ("r", "w", "r+") or ("b" in mode and encoding is not None):
        raise ValueError(f"no mode of an object: {mode!r}, encoding {encoding!r}")
    raw = ObjectFile(target, read=words != "w", write=words != "r")
    if words == "r+" and not raw.seekable():
        raise ValueError(f"mode {mode!r} needs an object with a seek offset")
    buffered: io.BufferedReader | io.BufferedWriter | io.BufferedRandom
    if words == "r":
        buffered = io.BufferedReader(raw)
    elif words == "w":
        buffered = io.BufferedWriter(raw)
    else:
        buffered = io.BufferedRandom(raw)
    if "b" in mode:
        return buffered
    return io.TextIOWrapper(buffered, encoding or "utf-8", line_buffering=raw.isatty())

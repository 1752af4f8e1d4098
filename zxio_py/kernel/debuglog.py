"""The kernel log and the objects that write to and read from it."""

from __future__ import annotations

import struct
from collections import deque
from time import monotonic_ns
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel

_HEADER = struct.Struct("<QIHBBQQQ")
#: Records the log holds before it forgets the oldest: 128 KiB of them at their full length.
_CAPACITY = 512


class KernelLog:
    """The one log of a kernel."""

    def __init__(self) -> None:
        self.records: deque[tuple[int, bytes]] = deque(maxlen=_CAPACITY)
        self._next = 0
        self.readers: list[DebugLog] = []

    def write(self, severity: int, flags: int, pid: int, tid: int, data: bytes) -> None:
        """Append a record; *data* is cut to 216 bytes."""
        data = data[: abi.ZX_LOG_RECORD_DATA_MAX]
        header = _HEADER.pack(self._next, 0, len(data), severity, flags, monotonic_ns(), pid, tid)
        self.records.append((self._next, header + data))
        self._next += 1
        for reader in self.readers:
            reader.update_signals(0, abi.ZX_LOG_READABLE)

    def after(self, sequence: int) -> tuple[int, bytes] | None:
        """The first record with at least that sequence number, with its own number."""
        for number, record in self.records:
            if number >= sequence:
                return number, record
        return None


class DebugLog(Dispatcher):
    """A place in the log."""

    __slots__ = ("_next", "readable")

    TYPE = abi.ZX_OBJ_TYPE_DEBUGLOG
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_LOG_RIGHTS

    def __init__(self, kernel: Kernel, readable: bool) -> None:
        super().__init__(kernel, abi.ZX_LOG_WRITABLE)
        self.readable = readable
        self._next = 0
        if readable:
            kernel.log.readers.append(self)
            if kernel.log.records:
                self.update_signals(0, abi.ZX_LOG_READABLE)

    @property
    def initial_rights(self) -> int:
        return self.DEFAULT_RIGHTS | (abi.ZX_RIGHT_READ if self.readable else 0)

    def on_zero_handles(self) -> None:
        if self.readable:
            self.kernel.log.readers.remove(self)

    def next(self) -> bytes:
        """Go past the next record and return it; SHOULD_WAIT if there is none.

        It is only then that READABLE goes, not with the last record.
        """
        found = self.kernel.log.after(self._next)
        if found is None:
            self.update_signals(abi.ZX_LOG_READABLE, 0)
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)
        number, record = found
        self._next = number + 1
        return record

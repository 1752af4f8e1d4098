"""The kernel's debug log as a line-buffered, write-only object."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Ops, Storage, Zxio, zxio_init
from zxio_py.zxio.status import OutputError
from zxio_py.zxio.system import System
from zxio_py.zxio.vector import Pointer, Vector, do_vector

_NEWLINE = 0x0A
_SPACE = 0x20


@dataclass(slots=True)
class _Debuglog:
    system: System
    handle: int
    #: Covers the line.
    lock: Lock = field(default_factory=Lock)
    #: Bytes of the line so far, less than ZX_LOG_RECORD_DATA_MAX.
    line: bytearray = field(default_factory=bytearray)


def _debuglog_close(io: Zxio) -> None:
    log: _Debuglog = io.state
    io.system.handle_close(log.handle)


def _debuglog_clone(io: Zxio) -> int:
    """Without a duplicate there is the invalid handle."""
    log: _Debuglog = io.state
    try:
        return io.system.handle_duplicate(log.handle, abi.ZX_RIGHT_SAME_RIGHTS)
    except ZxError as error:
        raise OutputError(error.status, abi.ZX_HANDLE_INVALID) from None


def _flush(log: _Debuglog) -> None:
    """Write the pending bytes as one record; they are gone even if that fails."""
    pending = bytes(log.line)
    log.line.clear()
    log.system.debuglog_write(log.handle, pending)


def _put(log: _Debuglog, byte: int) -> None:
    """Add one byte to the line: newline ends it, other control characters are dropped."""
    if byte == _NEWLINE:
        _flush(log)
    elif byte >= _SPACE:
        log.line.append(byte)
        if len(log.line) == abi.ZX_LOG_RECORD_DATA_MAX:
            _flush(log)


def _debuglog_writev(io: Zxio, vector: Vector, flags: int) -> int:
    """Bytes without a newline stay in the line; closing does not write them."""
    log: _Debuglog = io.state
    if flags:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)

    def write_entry(buffer: Pointer, capacity: int) -> int:
        """An entry of nothing at no address is how libc's streams ask for a flush."""
        if buffer == 0 and capacity == 0:
            _flush(log)
        for byte in io.system.load_bytewise(buffer, capacity):
            _put(log, byte)
        return capacity

    with log.lock:
        return do_vector(vector, write_entry)


def _debuglog_isatty(io: Zxio) -> bool:
    return True


_DEBUGLOG_OPS = Ops(
    close=_debuglog_close,
    clone=_debuglog_clone,
    writev=_debuglog_writev,
    isatty=_debuglog_isatty,
)


def debuglog_init(storage: Storage, handle: int) -> None:
    """Make a debuglog object, which owns *handle*."""
    zxio_init(storage.io, _DEBUGLOG_OPS)
    storage.io.state = _Debuglog(storage.io.system, handle)

"""zx_debuglog_*."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.debuglog import DebugLog
from zxio_py.kernel.errors import ZxError

#: Options of a write are the flags of its record.
_WRITE_FLAGS = abi.ZX_LOG_LOCAL


def zx_debuglog_create(c: Caller, resource: int, options: int, out: Pointer) -> int:
    """Make an object to write to, and with a resource also to read from, the kernel log."""
    if resource != abi.ZX_HANDLE_INVALID or options != 0:
        c.check_resource(resource, abi.ZX_RSRC_KIND_ROOT)
    if options & ~abi.ZX_LOG_FLAG_READABLE:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out, DebugLog(c.kernel, bool(options & abi.ZX_LOG_FLAG_READABLE))))
    return abi.ZX_OK


def zx_debuglog_write(
    c: Caller, handle: int, options: int, buffer: Pointer, buffer_size: int
) -> int:
    """Add a record to the log; what is beyond 216 bytes is cut off."""
    if options & ~_WRITE_FLAGS:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.get(handle, DebugLog, abi.ZX_RIGHT_WRITE)
    data = c.read(buffer, min(buffer_size, abi.ZX_LOG_RECORD_DATA_MAX))
    c.kernel.log.write(abi.DEBUGLOG_INFO, options, c.process.koid, c.thread.koid, data)
    return abi.ZX_OK


def zx_debuglog_read(
    c: Caller, handle: int, options: int, buffer: Pointer, buffer_size: int
) -> int:
    """Take the next record, cut to the buffer; how many bytes that were."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    log = c.get(handle, DebugLog, abi.ZX_RIGHT_READ)
    record = log.next()[:buffer_size]  # SHOULD_WAIT
    c.write(buffer, record)
    return len(record)

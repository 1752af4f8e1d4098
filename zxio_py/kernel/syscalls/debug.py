"""zx_debug_*, zx_ktrace_*, zx_mtrace_control.

All but zx_debug_write are only there in a kernel with debugging calls.  There is no trace to take
even then: nothing in this kernel writes one.
"""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError

#: Bytes that are read at once, and written only if all of them could be read.
_PIECE = 256


def zx_debug_read(
    c: Caller, handle: int, buffer: Pointer, buffer_size: int, actual: Pointer
) -> int:
    """Text from the serial line, of which programs have the output only."""
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def zx_debug_write(c: Caller, buffer: Pointer, buffer_size: int) -> int:
    """Text for the serial line; it can be read from the kernel's `serial`."""
    for at in range(0, buffer_size, _PIECE):
        piece = c.read(c.behind(buffer, at), min(buffer_size - at, _PIECE))
        c.kernel.serial.extend(piece)
    return abi.ZX_OK


def _check_debugging(c: Caller, resource: int) -> None:
    """Whether the caller may use the calls for debugging: NOT_SUPPORTED, the resource's errors."""
    if not c.kernel.debugging_calls:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    c.check_resource(resource, abi.ZX_RSRC_KIND_ROOT)


def zx_debug_send_command(c: Caller, resource: int, buffer: Pointer, buffer_size: int) -> int:
    """A command for the kernel, which has none."""
    _check_debugging(c, resource)
    if buffer_size > abi.ZX_DEBUG_COMMAND_MAX:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.read(buffer, buffer_size)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def zx_ktrace_control(c: Caller, handle: int, action: int, options: int, ptr: Pointer) -> int:
    """Begin and end a trace."""
    _check_debugging(c, handle)
    if action in (abi.KTRACE_ACTION_START, abi.KTRACE_ACTION_START_CIRCULAR):
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if action in (abi.KTRACE_ACTION_STOP, abi.KTRACE_ACTION_REWIND):
        return abi.ZX_OK
    if action == abi.KTRACE_ACTION_NEW_PROBE:
        c.read(ptr, abi.ZX_MAX_NAME_LEN - 1)
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def zx_ktrace_read(
    c: Caller, handle: int, data: Pointer, offset: int, data_size: int, actual: Pointer
) -> int:
    """Part of the trace."""
    _check_debugging(c, handle)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def zx_ktrace_write(c: Caller, handle: int, id: int, arg0: int, arg1: int) -> int:
    """Add a probe to the trace; as while none is taken, nobody hears it."""
    _check_debugging(c, handle)
    if id > abi.ZX_KTRACE_PROBE_MAX:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return abi.ZX_OK


def zx_mtrace_control(
    c: Caller, handle: int, kind: int, action: int, options: int, ptr: Pointer, ptr_size: int
) -> int:
    """Use the processor's counters, of which the emulated one has none."""
    _check_debugging(c, handle)
    if kind != abi.MTRACE_KIND_PERFMON:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)

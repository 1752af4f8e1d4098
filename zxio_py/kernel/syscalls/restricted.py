"""zx_restricted_*."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.kernel import registers
from zxio_py.kernel.aspace import USER_BASE, USER_TOP
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ThreadKilled, ZxError


def zx_restricted_enter(c: Caller, options: int, vector_table_ptr: int, context: int) -> int:
    """Run machine code until it makes a system call: as far as it is judged before."""
    if options != 0 or not USER_BASE <= vector_table_ptr < USER_TOP:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    entry = registers.restricted_entry(c.thread.restricted_state)
    if entry is None:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    c.kernel.on_machine_code(c.thread, entry)
    raise ThreadKilled(c.process.end_reason)


def zx_restricted_read_state(c: Caller, buffer: Pointer, buffer_size: int) -> int:
    """What is to be entered with."""
    _check_size(buffer_size)
    c.write(buffer, c.thread.restricted_state)
    return abi.ZX_OK


def zx_restricted_write_state(c: Caller, buffer: Pointer, buffer_size: int) -> int:
    """Change it; it is judged when it is entered."""
    _check_size(buffer_size)
    c.thread.restricted_state = c.read(buffer, buffer_size)
    return abi.ZX_OK


def _check_size(buffer_size: int) -> None:
    if buffer_size != registers.RESTRICTED_SIZE:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)

"""zx_thread_*."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.kernel import registers
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ThreadExited, ZxError
from zxio_py.kernel.process import Process
from zxio_py.kernel.syscalls.names import read_name
from zxio_py.kernel.thread import Thread


def zx_thread_create(
    c: Caller, process: int, name: Pointer, name_size: int, options: int, out: Pointer
) -> int:
    """Make a thread, not started."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    text = read_name(c, name, name_size)
    owner = c.get(process, Process, abi.ZX_RIGHT_MANAGE_THREAD)
    c.give((out, owner.add_thread(text)))  # BAD_STATE
    return abi.ZX_OK


def zx_thread_start(
    c: Caller, handle: int, thread_entry: int, stack: int, arg1: int, arg2: int
) -> int:
    """Start a thread at an address."""
    thread = c.get(handle, Thread, abi.ZX_RIGHT_MANAGE_THREAD)
    thread.check_start(thread_entry)  # BAD_STATE, INVALID_ARGS
    thread.start_at(thread_entry, stack, (arg1, arg2))
    return abi.ZX_OK


def zx_thread_exit(c: Caller) -> int:
    """End the calling thread."""
    c.thread.announce_exit()
    c.process.exit_thread(c.thread)
    raise ThreadExited("zx_thread_exit")


def zx_thread_legacy_yield(c: Caller, options: int) -> int:
    """Let other threads run: they do, as soon as the call is over."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return abi.ZX_OK


# Registers -----------------------------------------------------------------------------------

#: Sizes of the kinds of registers on x86-64.
_SIZES = {
    abi.ZX_THREAD_STATE_GENERAL_REGS: registers.SIZE,
    abi.ZX_THREAD_STATE_FP_REGS: registers.FP_SIZE,
    abi.ZX_THREAD_STATE_VECTOR_REGS: registers.VECTOR_SIZE,
    abi.ZX_THREAD_STATE_DEBUG_REGS: registers.DEBUG_SIZE,
    abi.ZX_THREAD_STATE_SINGLE_STEP: registers.SINGLE_STEP_SIZE,
}


def _size_of(kind: int, buffer_size: int) -> int:
    """How many bytes a kind of registers has: INVALID_ARGS, BUFFER_TOO_SMALL."""
    size = _SIZES.get(kind)
    if size is None:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if buffer_size < size:
        raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)
    return size


def _check_registers(thread: Thread, kind: int) -> None:
    """Whether a thread has registers of a kind to read and write.

    BAD_STATE: it is not stopped; NOT_SUPPORTED: it has run its last instruction, or they are
    those for debugging, which are not handed out.
    """
    thread.check_stopped()
    debugging = kind in (abi.ZX_THREAD_STATE_DEBUG_REGS, abi.ZX_THREAD_STATE_SINGLE_STEP)
    if debugging or thread.exiting:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def zx_thread_read_state(
    c: Caller, handle: int, kind: int, buffer: Pointer, buffer_size: int
) -> int:
    """Read registers of a thread that is stopped."""
    thread = c.get(handle, Thread, abi.ZX_RIGHT_READ)
    _size_of(kind, buffer_size)
    _check_registers(thread, kind)  # BAD_STATE, NOT_SUPPORTED
    if kind == abi.ZX_THREAD_STATE_GENERAL_REGS:
        c.write(buffer, thread.registers)
    elif kind == abi.ZX_THREAD_STATE_FP_REGS:
        c.write(buffer, thread.fp_registers)
    else:
        c.write(buffer, thread.vector_registers)
    return abi.ZX_OK


def zx_thread_write_state(
    c: Caller, handle: int, kind: int, buffer: Pointer, buffer_size: int
) -> int:
    """Change registers of a thread that is stopped."""
    if kind & abi.ZX_THREAD_STATE_DEBUG_REGS and not c.kernel.debugging_calls:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    thread = c.get(handle, Thread, abi.ZX_RIGHT_WRITE)
    written = c.read(buffer, _size_of(kind, buffer_size))
    _check_registers(thread, kind)  # BAD_STATE, NOT_SUPPORTED
    if kind == abi.ZX_THREAD_STATE_GENERAL_REGS:
        thread.write_registers(written)  # INVALID_ARGS
    elif kind == abi.ZX_THREAD_STATE_FP_REGS:
        thread.fp_registers = registers.accepted_fp(written)
    else:
        thread.vector_registers = registers.accepted_vector(written)
    return abi.ZX_OK

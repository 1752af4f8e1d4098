"""Registers of threads that were to run machine code, as on x86-64."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.records import record

_NAME = "zx_x86_64_thread_state_general_regs_t"
#: Size of ZX_THREAD_STATE_GENERAL_REGS in bytes.
SIZE = abi.STRUCTS[_NAME].size

#: Of the other kinds.
FP_SIZE = 160
VECTOR_SIZE = 2120
DEBUG_SIZE = 48
SINGLE_STEP_SIZE = 4

_FIXED_FLAGS = 0x202  # interrupts are on in user mode; bit 1 is always set
_USER_FLAGS = 0x240DD5  # CF PF AF ZF SF TF DF OF AC ID: what user mode may choose
_CANONICAL_BITS = 48


def initial(entry: int, stack: int, arguments: tuple[int, int]) -> bytes:
    """Those of a thread at its first instruction."""
    return record(
        _NAME, rip=entry, rsp=stack, rdi=arguments[0], rsi=arguments[1], rflags=_FIXED_FLAGS
    )


def program_counter(registers: bytes) -> int:
    """Where the next instruction lies."""
    return _read(registers, "rip")


def accepted(written: bytes) -> bytes:
    """*written* as a thread can have them; INVALID_ARGS for addresses that are none."""
    for name in ("fs_base", "gs_base", "rip"):
        upper = _read(written, name) >> (_CANONICAL_BITS - 1)
        if upper not in (0, (1 << (64 - _CANONICAL_BITS + 1)) - 1):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    flags = _read(written, "rflags") & _USER_FLAGS | _FIXED_FLAGS
    field = abi.STRUCTS[_NAME].field("rflags")
    return written[: field.offset] + flags.to_bytes(8, "little") + written[field.offset + 8 :]


def _read(registers: bytes, name: str) -> int:
    field = abi.STRUCTS[_NAME].field(name)
    return int.from_bytes(registers[field.offset : field.offset + field.size], "little")

"""Registers of threads that were to run machine code, as on x86-64."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.kernel.aspace import USER_BASE, USER_TOP
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

_MXCSR = 2112  # offset in the vector registers
#: What floating point and vector registers are at a thread's first instruction.
INITIAL_FP = (0x37F).to_bytes(2, "little") + bytes(FP_SIZE - 2)
INITIAL_VECTOR = bytes(_MXCSR) + (0x1F80).to_bytes(8, "little")
#: Bytes of both that belong to no register, or to none that there is: where they are kept apart,
#: and of the latter the size of each register and how much of it there is.
_FP_RESERVED = (slice(5, 6), slice(24, 32))
_ZMM_SIZE, _YMM_SIZE, _YMM_COUNT = 64, 32, 16
_MXCSR_USER = 0xFFFF

_RESTRICTED = "zx_x86_64_restricted_state_t"
#: Of the state of restricted mode, and the one of a thread that was never there.
RESTRICTED_SIZE = abi.STRUCTS[_RESTRICTED].size
NO_RESTRICTED_STATE = bytes(RESTRICTED_SIZE)

_FIXED_FLAGS = 0x202  # interrupts are on in user mode; bit 1 is always set
_USER_FLAGS = 0x240DD5  # CF PF AF ZF SF TF DF OF AC ID: what user mode may choose
_NESTED_TASK = 0x4000  # user mode may ask for it in vain
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
    if not all(_is_canonical(_read(written, name)) for name in ("fs_base", "gs_base", "rip")):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    flags = _read(written, "rflags") & _USER_FLAGS | _FIXED_FLAGS
    field = abi.STRUCTS[_NAME].field("rflags")
    return written[: field.offset] + flags.to_bytes(8, "little") + written[field.offset + 8 :]


def accepted_fp(written: bytes) -> bytes:
    """Floating point registers as a thread can have them."""
    state = bytearray(written)
    for place in _FP_RESERVED:
        state[place] = bytes(len(state[place]))
    return bytes(state)


def accepted_vector(written: bytes) -> bytes:
    """Vector registers likewise: sixteen of AVX."""
    state = bytearray(VECTOR_SIZE)
    for start in range(0, _YMM_COUNT * _ZMM_SIZE, _ZMM_SIZE):
        state[start : start + _YMM_SIZE] = written[start : start + _YMM_SIZE]
    mxcsr = int.from_bytes(written[_MXCSR : _MXCSR + 4], "little") & _MXCSR_USER
    state[_MXCSR : _MXCSR + 4] = mxcsr.to_bytes(4, "little")
    return bytes(state)


def restricted_entry(state: bytes) -> int | None:
    """Where restricted mode begins with *state*; None if that is not to be entered with."""
    entry = _read(state, "ip", _RESTRICTED)
    flags = _read(state, "flags", _RESTRICTED)
    bases = [_read(state, name, _RESTRICTED) for name in ("fs_base", "gs_base")]
    valid = (
        USER_BASE <= entry < USER_TOP
        and not flags & ~(_USER_FLAGS | _NESTED_TASK)
        and all(map(_is_canonical, bases))
    )
    return entry if valid else None


def _is_canonical(address: int) -> bool:
    upper = address >> (_CANONICAL_BITS - 1)
    return upper in (0, (1 << (64 - _CANONICAL_BITS + 1)) - 1)


def _read(state: bytes, name: str, struct: str = _NAME) -> int:
    field = abi.STRUCTS[struct].field(name)
    return int.from_bytes(state[field.offset : field.offset + field.size], "little")

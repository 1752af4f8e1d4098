"""zx_syscall_*: calls by which callers test how arguments and results go through the vDSO.

Each argument has been cut to its C type before it comes here.
"""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.event import Event

#: The largest result of zx_syscall_test_wrapper, the largest argument of zx_syscall_next_1.
_MOST = 50


def zx_syscall_next_1(c: Caller, arg: int) -> int:
    """Accept small numbers."""
    if arg > _MOST:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    return abi.ZX_OK


def zx_syscall_test_handle_create(c: Caller, return_value: int, out: Pointer) -> int:
    """Make an event in any case; only ZX_OK lets the caller have a handle to it."""
    try:
        c.check_policy(abi.ZX_POL_NEW_EVENT)
    except ZxError as denied:
        raise ZxError(abi.ZX_ERR_INTERNAL) from denied
    event = Event(c.kernel)
    if return_value == abi.ZX_OK:
        c.give((out, event))
    return return_value


def _signed(value: int, bits: int) -> int:
    """What C sees of a sum in a signed type that wraps around."""
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def zx_syscall_test_widening_signed_narrow(c: Caller, a: int, b: int, c_: int, d: int) -> int:
    """Add numbers of different size."""
    return _signed(a + b + c_ + d, 64)


def zx_syscall_test_widening_signed_wide(c: Caller, a: int, b: int, c_: int, d: int) -> int:
    """The same, each made wide first."""
    return _signed(a + b + c_ + d, 64)


def zx_syscall_test_widening_unsigned_narrow(c: Caller, a: int, b: int, c_: int, d: int) -> int:
    """Add numbers of different size without signs."""
    return (a + b + c_ + d) % (1 << 64)


def zx_syscall_test_widening_unsigned_wide(c: Caller, a: int, b: int, c_: int, d: int) -> int:
    """The same, each made wide first."""
    return (a + b + c_ + d) % (1 << 64)


def zx_syscall_test_wrapper(c: Caller, a: int, b: int, c_: int) -> int:
    """Add three numbers, none of them negative, to a small one."""
    if a < 0 or b < 0 or c_ < 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    total = _signed(a + b + c_, 32)
    if total > _MOST:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    return total


def zx_syscall_test_0(c: Caller) -> int:
    """Nothing."""
    return abi.ZX_OK


def _sum(c: Caller, *numbers: int) -> int:
    """The sum of as many numbers as there are."""
    return _signed(sum(numbers), 32)


zx_syscall_test_1 = _sum
zx_syscall_test_2 = _sum
zx_syscall_test_3 = _sum
zx_syscall_test_4 = _sum
zx_syscall_test_5 = _sum
zx_syscall_test_6 = _sum
zx_syscall_test_7 = _sum
zx_syscall_test_8 = _sum

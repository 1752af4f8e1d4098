"""Time that needs no object: the clock, ticks, sleeping."""

from time import monotonic_ns

from zxio_py import abi
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.waiter import Waiter

#: A tick is a nanosecond.
TICKS_PER_SECOND = 1_000_000_000


def zx_clock_get_monotonic(c: Caller) -> int:
    """Nanoseconds since some time in the past."""
    return monotonic_ns()


zx_clock_get_monotonic_via_kernel = zx_clock_get_monotonic


def zx_ticks_get(c: Caller) -> int:
    """The tick counter."""
    return monotonic_ns()


zx_ticks_get_via_kernel = zx_ticks_get


def zx_ticks_per_second(c: Caller) -> int:
    """Ticks in a second."""
    return TICKS_PER_SECOND


def zx_deadline_after(c: Caller, nanoseconds: int) -> int:
    """Now and *nanoseconds*, kept within what a time can express."""
    deadline = monotonic_ns() + nanoseconds
    return max(abi.ZX_TIME_INFINITE_PAST, min(deadline, abi.ZX_TIME_INFINITE))


def zx_nanosleep(c: Caller, deadline: int) -> int:
    """Sleep until *deadline*."""
    Waiter().block(c.thread, deadline, abi.ZX_THREAD_STATE_BLOCKED_SLEEPING)
    return abi.ZX_OK

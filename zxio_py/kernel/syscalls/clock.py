"""Time: the monotonic clock, ticks, sleeping; zx_clock_*."""

import struct
from time import monotonic_ns

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.clock import Clock, ClockUpdate
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.waiter import Waiter

_KINDS = abi.ZX_CLOCK_OPT_MONOTONIC | abi.ZX_CLOCK_OPT_CONTINUOUS | abi.ZX_CLOCK_OPT_AUTO_START
_VALUE = abi.ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID
_RATE = abi.ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID
_ERROR_BOUND = abi.ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID
_REFERENCE = abi.ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID
_UPDATE_V1 = struct.Struct("<iIqQ")
_UPDATE_V2 = struct.Struct("<iIqqQ")

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


def _version(options: int) -> tuple[int, int]:
    """The version in the highest bits of *options*, and the rest of them."""
    mask = abi.ZX_CLOCK_ARGS_VERSION_MASK
    return (options & mask) >> abi.ZX_CLOCK_ARGS_VERSION_SHIFT, options & ~mask


def zx_clock_create(c: Caller, options: int, args: Pointer, out: Pointer) -> int:
    """Make a clock; no policy is asked."""
    version, options = _version(options)
    if version > 1 or (version == 1) != (args != 0) or options & ~_KINDS:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if options & abi.ZX_CLOCK_OPT_CONTINUOUS and not options & abi.ZX_CLOCK_OPT_MONOTONIC:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    backstop = int.from_bytes(c.read(args, 8), "little", signed=True) if version else 0
    ahead = options & abi.ZX_CLOCK_OPT_AUTO_START and backstop > monotonic_ns()
    if backstop < 0 or ahead:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out, Clock(c.kernel, options, backstop)))
    return abi.ZX_OK


def zx_clock_read(c: Caller, handle: int, now: Pointer) -> int:
    """What a clock shows."""
    clock = c.get(handle, Clock, abi.ZX_RIGHT_READ)
    c.write(now, clock.at(monotonic_ns()).to_bytes(8, "little", signed=True))
    return abi.ZX_OK


def zx_clock_get_details(c: Caller, handle: int, options: int, details: Pointer) -> int:
    """How a clock runs."""
    if _version(options) != (1, 0) or details == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    clock = c.get(handle, Clock, abi.ZX_RIGHT_READ)
    c.write(details, clock.details())
    return abi.ZX_OK


def zx_clock_update(c: Caller, handle: int, options: int, args: Pointer) -> int:
    """Set a clock, its rate or its error bound."""
    version, options = _version(options)
    if args == 0 or version not in (1, 2) or options == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if options & ~(_VALUE | _RATE | _ERROR_BOUND | (_REFERENCE if version == 2 else 0)):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    reference = 0
    if version == 1:
        rate, _, value, error_bound = _UPDATE_V1.unpack(c.read(args, _UPDATE_V1.size))
    else:
        rate, _, value, reference, error_bound = _UPDATE_V2.unpack(c.read(args, _UPDATE_V2.size))
    least, most = abi.ZX_CLOCK_UPDATE_MIN_RATE_ADJUST, abi.ZX_CLOCK_UPDATE_MAX_RATE_ADJUST
    if options & _RATE and not least <= rate <= most:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    clock = c.get(handle, Clock, abi.ZX_RIGHT_WRITE)
    clock.update(
        ClockUpdate(
            version,
            value if options & _VALUE else None,
            reference if options & _REFERENCE else None,
            rate if options & _RATE else None,
            error_bound if options & _ERROR_BOUND else None,
        )
    )
    return abi.ZX_OK

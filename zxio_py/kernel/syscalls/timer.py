"""zx_timer_*."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.timer import Timer


def zx_timer_create(c: Caller, options: int, clock_id: int, out: Pointer) -> int:
    """Make a timer."""
    if clock_id != abi.ZX_CLOCK_MONOTONIC:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_TIMER)
    if options > abi.ZX_TIMER_SLACK_LATE:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out, Timer(c.kernel, options)))
    return abi.ZX_OK


def zx_timer_set(c: Caller, handle: int, deadline: int, slack: int) -> int:
    """Arm a timer."""
    if slack < 0:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    timer = c.get(handle, Timer, abi.ZX_RIGHT_WRITE)
    timer.set(deadline, slack)
    return abi.ZX_OK


def zx_timer_cancel(c: Caller, handle: int) -> int:
    """Disarm a timer."""
    timer = c.get(handle, Timer, abi.ZX_RIGHT_WRITE)
    timer.disarm()
    return abi.ZX_OK

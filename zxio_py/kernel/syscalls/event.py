"""zx_event_*, zx_eventpair_*."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.event import Event
from zxio_py.kernel.eventpair import EventPair


def zx_event_create(c: Caller, options: int, out: Pointer) -> int:
    """Make an event."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_EVENT)
    c.give((out, Event(c.kernel)))
    return abi.ZX_OK


def zx_eventpair_create(c: Caller, options: int, out0: Pointer, out1: Pointer) -> int:
    """Make an event pair."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    c.check_policy(abi.ZX_POL_NEW_EVENTPAIR)
    first, second = EventPair.create(c.kernel)
    c.give((out0, first), (out1, second))
    return abi.ZX_OK

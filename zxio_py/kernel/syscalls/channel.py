"""zx_channel_*."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.channel import Channel
from zxio_py.kernel.errors import ZxError


def zx_channel_create(c: Caller, options: int, out0: Pointer, out1: Pointer) -> int:
    """Make a channel."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.check_policy(abi.ZX_POL_NEW_CHANNEL)
    first, second = Channel.create(c.kernel)
    c.give((out0, first, Channel.DEFAULT_RIGHTS), (out1, second, Channel.DEFAULT_RIGHTS))
    return abi.ZX_OK

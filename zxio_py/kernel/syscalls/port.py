"""zx_port_*, zx_object_wait_async."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.port import Port, PortObserver

_PACKET_SIZE = abi.STRUCTS["zx_port_packet_t"].size
_USER = abi.ZX_PKT_TYPE_USER.to_bytes(4, "little")


def zx_port_create(c: Caller, options: int, out: Pointer) -> int:
    """Make a port."""
    c.check_policy(abi.ZX_POL_NEW_PORT)
    if options & ~abi.ZX_PORT_BIND_TO_INTERRUPT:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out, Port(c.kernel, options)))
    return abi.ZX_OK


def zx_port_queue(c: Caller, handle: int, packet: Pointer) -> int:
    """Queue a user packet: key, status and payload are kept, the type is USER."""
    port = c.get(handle, Port, abi.ZX_RIGHT_WRITE)
    data = c.read(packet, _PACKET_SIZE)
    key = int.from_bytes(data[:8], "little")
    port.queue_user(key, data[:8] + _USER + data[12:], c.thread)
    return abi.ZX_OK


def zx_port_wait(c: Caller, handle: int, deadline: int, packet: Pointer) -> int:
    """Take the next packet; one that cannot be stored is lost."""
    port = c.get(handle, Port, abi.ZX_RIGHT_READ)
    c.write(packet, port.wait(deadline, c.thread))  # TIMED_OUT
    return abi.ZX_OK


def zx_port_cancel(c: Caller, handle: int, source: int, key: int) -> int:
    """Disarm the waits of *source* with *key* and drop their packets."""
    port = c.get(handle, Port, abi.ZX_RIGHT_WRITE)
    watched = c.handle(source)
    if not watched.rights & abi.ZX_RIGHT_WAIT:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    if not watched.object.WAITABLE:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if not port.cancel_waits(watched, key):
        raise ZxError(abi.ZX_ERR_NOT_FOUND)
    return abi.ZX_OK


def zx_object_wait_async(
    c: Caller, handle: int, port: int, key: int, signals: int, options: int
) -> int:
    """Let a packet come when one of *signals* is asserted."""
    if options & ~(abi.ZX_WAIT_ASYNC_TIMESTAMP | abi.ZX_WAIT_ASYNC_EDGE):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    target = c.get(port, Port, abi.ZX_RIGHT_WRITE)
    source = c.handle(handle)
    if not source.rights & abi.ZX_RIGHT_WAIT:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    if not source.object.WAITABLE:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    edge = bool(options & abi.ZX_WAIT_ASYNC_EDGE)
    timestamp = bool(options & abi.ZX_WAIT_ASYNC_TIMESTAMP)
    target.arm(PortObserver(target, source, key, signals, edge, timestamp), c.thread)
    return abi.ZX_OK

"""zx_socket_*."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.socket import Socket

#: Transfers are at most this long, less one byte.
_SIZE_LIMIT = 1 << 32

_ENABLED = abi.ZX_SOCKET_DISPOSITION_WRITE_ENABLED
_DISABLED = abi.ZX_SOCKET_DISPOSITION_WRITE_DISABLED
_DISPOSITIONS: dict[int, bool | None] = {0: None, _ENABLED: True, _DISABLED: False}


def zx_socket_create(c: Caller, options: int, out0: Pointer, out1: Pointer) -> int:
    """Make a socket."""
    c.check_policy(abi.ZX_POL_NEW_SOCKET)
    if options & ~abi.ZX_SOCKET_CREATE_MASK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    first, second = Socket.create(c.kernel, options)
    c.give((out0, first), (out1, second))
    return abi.ZX_OK


def zx_socket_write(
    c: Caller, handle: int, options: int, buffer: Pointer, buffer_size: int, actual: Pointer
) -> int:
    """Write bytes, as many as there is room for, or one whole datagram."""
    if (buffer == 0 and buffer_size) or options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    socket = c.get(handle, Socket, abi.ZX_RIGHT_WRITE)
    socket.check_writable()  # PEER_CLOSED, BAD_STATE
    written = 0
    if buffer_size:
        if buffer_size >= _SIZE_LIMIT:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        written = socket.room_for(buffer_size)  # SHOULD_WAIT, OUT_OF_RANGE
        socket.write(c.read_prefix(buffer, written), written)  # INVALID_ARGS
    if actual != 0:
        c.write_u64(actual, written)
    return abi.ZX_OK


def zx_socket_read(
    c: Caller, handle: int, options: int, buffer: Pointer, buffer_size: int, actual: Pointer
) -> int:
    """Read bytes, or one datagram."""
    if (buffer == 0 and buffer_size) or options & ~abi.ZX_SOCKET_PEEK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    socket = c.get(handle, Socket, abi.ZX_RIGHT_READ)
    if buffer_size >= _SIZE_LIMIT:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    socket.check_readable()  # PEER_CLOSED, BAD_STATE, SHOULD_WAIT
    read, whole = 0, False
    try:
        for part in socket.head(buffer_size):
            c.write(c.behind(buffer, read), part)
            read += len(part)
        whole = True
    finally:
        if not options & abi.ZX_SOCKET_PEEK:  # what was copied before a fault is gone
            socket.consume(read, whole)
    if actual != 0:
        c.write_u64(actual, read)
    return abi.ZX_OK


def zx_socket_set_disposition(
    c: Caller, handle: int, disposition: int, disposition_peer: int
) -> int:
    """Disable or enable writing at either end."""
    if disposition not in _DISPOSITIONS or disposition_peer not in _DISPOSITIONS:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    socket = c.get(handle, Socket, abi.ZX_RIGHT_MANAGE_SOCKET)
    socket.set_disposition(_DISPOSITIONS[disposition], _DISPOSITIONS[disposition_peer])
    return abi.ZX_OK

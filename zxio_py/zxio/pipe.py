"""A kernel socket as an object: both ends of a byte stream, or of a sequence of datagrams."""

from __future__ import annotations

from dataclasses import dataclass

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_OPERATION_GET_ATTRIBUTES,
    ZXIO_OPERATION_READ_BYTES,
    ZXIO_OPERATION_WRITE_BYTES,
    ZXIO_PEEK,
    ZXIO_SHUTDOWN_OPTIONS_MASK,
    ZXIO_SHUTDOWN_OPTIONS_READ,
    ZXIO_SHUTDOWN_OPTIONS_WRITE,
    ZXIO_SIGNAL_PEER_CLOSED,
    ZXIO_SIGNAL_READ_DISABLED,
    ZXIO_SIGNAL_READ_THRESHOLD,
    ZXIO_SIGNAL_READABLE,
    ZXIO_SIGNAL_WRITABLE,
    ZXIO_SIGNAL_WRITE_DISABLED,
    ZXIO_SIGNAL_WRITE_THRESHOLD,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Ops, Storage, Zxio, zxio_init
from zxio_py.zxio.owned import OwnedHandle
from zxio_py.zxio.status import KernelOutput, OutputError
from zxio_py.zxio.system import System
from zxio_py.zxio.types import NodeAttributes
from zxio_py.zxio.vector import Pointer, Vector, do_vector, vector_size

_SOCKET_INFO = abi.STRUCTS["zx_info_socket_t"]


@dataclass(slots=True)
class _Pipe:
    socket: OwnedHandle
    datagram: bool


def socket_info(info: bytes, name: str) -> int:
    """A member of a zx_info_socket_t."""
    member = _SOCKET_INFO.field(name)
    return int.from_bytes(info[member.offset : member.offset + member.size], "little")


def _pipe_close(io: Zxio) -> None:
    pipe: _Pipe = io.state
    io.system.handle_close(pipe.socket.value)


def _pipe_release(io: Zxio) -> int:
    """A second release gives the invalid handle, and ZX_OK."""
    pipe: _Pipe = io.state
    return pipe.socket.take()


def _pipe_clone(io: Zxio) -> int:
    pipe: _Pipe = io.state
    return io.system.handle_duplicate(pipe.socket.value, abi.ZX_RIGHT_SAME_RIGHTS)


#: Generic signals and the socket's; OUT_OF_BAND and ERROR have no counterpart.
_PIPE_SIGNALS = (
    (ZXIO_SIGNAL_READABLE, abi.ZX_SOCKET_READABLE),
    (ZXIO_SIGNAL_WRITABLE, abi.ZX_SOCKET_WRITABLE),
    (ZXIO_SIGNAL_READ_DISABLED, abi.ZX_SOCKET_PEER_WRITE_DISABLED),
    (ZXIO_SIGNAL_WRITE_DISABLED, abi.ZX_SOCKET_WRITE_DISABLED),
    (ZXIO_SIGNAL_READ_THRESHOLD, abi.ZX_SOCKET_READ_THRESHOLD),
    (ZXIO_SIGNAL_WRITE_THRESHOLD, abi.ZX_SOCKET_WRITE_THRESHOLD),
    (ZXIO_SIGNAL_PEER_CLOSED, abi.ZX_SOCKET_PEER_CLOSED),
)


def _pipe_wait_begin(io: Zxio, zxio_signals: int) -> tuple[int, int]:
    pipe: _Pipe = io.state
    return pipe.socket.value, sum(zx for zxio, zx in _PIPE_SIGNALS if zxio_signals & zxio)


def _pipe_wait_end(io: Zxio, zx_signals: int) -> int:
    return sum(zxio for zxio, zx in _PIPE_SIGNALS if zx_signals & zx)


def _pipe_attr_get(io: Zxio) -> NodeAttributes:
    return NodeAttributes(
        abilities=ZXIO_OPERATION_READ_BYTES
        | ZXIO_OPERATION_WRITE_BYTES
        | ZXIO_OPERATION_GET_ATTRIBUTES
    )


def _read_scattered(system: System, pipe: _Pipe, vector: Vector, options: int) -> int:
    """One read of the total size, then spread over the entries: a vector takes one datagram."""
    total = vector_size(vector)
    system.reserve(total)
    received = bytearray()
    system.socket_read(pipe.socket.value, options, received, total)

    def take_entry(buffer: Pointer, capacity: int) -> int:
        piece = bytes(received[:capacity])
        del received[:capacity]
        system.store(buffer, piece)
        return len(piece)

    return do_vector(vector, take_entry)


def _pipe_readv(io: Zxio, vector: Vector, flags: int) -> int:
    pipe: _Pipe = io.state
    if flags & ~ZXIO_PEEK:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if pipe.datagram or flags:
        options = abi.ZX_SOCKET_PEEK if flags & ZXIO_PEEK else 0
        return _read_scattered(io.system, pipe, vector, options)

    def read_entry(buffer: Pointer, capacity: int) -> int:
        return io.system.socket_read(pipe.socket.value, 0, buffer, capacity)

    return do_vector(vector, read_entry)


def _write_gathered(system: System, pipe: _Pipe, vector: Vector) -> int:
    """One write of all entries put together: a vector makes one datagram."""
    system.reserve(vector_size(vector))
    gathered = bytearray()
    for buffer, capacity in vector:
        gathered += system.load(buffer, capacity)
    return KernelOutput(system.socket_write(pipe.socket.value, 0, gathered, len(gathered)))


def _pipe_writev(io: Zxio, vector: Vector, flags: int) -> int:
    pipe: _Pipe = io.state
    if flags:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if pipe.datagram:
        return _write_gathered(io.system, pipe, vector)

    def write_entry(buffer: Pointer, capacity: int) -> int:
        return io.system.socket_write(pipe.socket.value, 0, buffer, capacity)

    return do_vector(vector, write_entry)


def _pipe_get_read_buffer_available(io: Zxio) -> int:
    pipe: _Pipe = io.state
    return socket_info(io.system.object_get_info_socket(pipe.socket.value), "rx_buf_available")


def _pipe_shutdown(io: Zxio, options: int) -> int:
    """Not reading any more means that the other end may not write any more."""
    pipe: _Pipe = io.state
    if options & ~ZXIO_SHUTDOWN_OPTIONS_MASK:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    disabled = abi.ZX_SOCKET_DISPOSITION_WRITE_DISABLED
    own = disabled if options & ZXIO_SHUTDOWN_OPTIONS_WRITE else 0
    peer = disabled if options & ZXIO_SHUTDOWN_OPTIONS_READ else 0
    try:
        io.system.socket_set_disposition(pipe.socket.value, own, peer)
    except ZxError as error:
        raise OutputError(error.status, 0) from None
    return 0


_PIPE_OPS = Ops(
    close=_pipe_close,
    release=_pipe_release,
    clone=_pipe_clone,
    wait_begin=_pipe_wait_begin,
    wait_end=_pipe_wait_end,
    attr_get=_pipe_attr_get,
    readv=_pipe_readv,
    writev=_pipe_writev,
    get_read_buffer_available=_pipe_get_read_buffer_available,
    shutdown=_pipe_shutdown,
)


def pipe_init(storage: Storage, socket: int, info: bytes) -> None:
    """Make a pipe, which owns *socket*; *info* is its zx_info_socket_t."""
    zxio_init(storage.io, _PIPE_OPS)
    datagram = bool(socket_info(info, "options") & abi.ZX_SOCKET_DATAGRAM)
    storage.io.state = _Pipe(OwnedHandle(socket), datagram)

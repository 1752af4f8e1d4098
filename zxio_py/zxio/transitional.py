"""What fdio says in POSIX terms of objects that are not network sockets."""

from __future__ import annotations

from collections.abc import Sequence

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_PEEK,
    ZXIO_SIGNAL_PEER_CLOSED,
    ZXIO_SIGNAL_READ_DISABLED,
    ZXIO_SIGNAL_READABLE,
    ZXIO_SIGNAL_WRITABLE,
    ZXIO_SIGNAL_WRITE_DISABLED,
)
from zxio_py.zxio.ops import Zxio
from zxio_py.zxio.vector import Entry
from zxio_py.zxio.zxio import zxio_readv, zxio_wait_begin, zxio_wait_end, zxio_writev

# Numbers of <poll.h>, <sys/socket.h> and <limits.h>.
POLLIN = 0x1
POLLOUT = 0x4
POLLRDHUP = 0x2000
MSG_PEEK = 2
IOV_MAX = 1024

#: Events of poll and the generic signals that mean them.
_EVENTS = (
    (POLLIN, ZXIO_SIGNAL_READABLE | ZXIO_SIGNAL_PEER_CLOSED | ZXIO_SIGNAL_READ_DISABLED),
    (POLLOUT, ZXIO_SIGNAL_WRITABLE | ZXIO_SIGNAL_WRITE_DISABLED),
    (POLLRDHUP, ZXIO_SIGNAL_READ_DISABLED | ZXIO_SIGNAL_PEER_CLOSED),
)


def zxio_sendmsg_inner(io: Zxio | None, msg: Sequence[Entry], flags: int) -> tuple[int, int]:
    """Write the buffers of a message, which has no flags; status and bytes moved."""
    if flags:
        return abi.ZX_ERR_NOT_SUPPORTED, 0
    if len(msg) > IOV_MAX:
        return abi.ZX_ERR_INVALID_ARGS, 0
    return zxio_writev(io, msg, 0)


def zxio_recvmsg_inner(io: Zxio | None, msg: Sequence[Entry], flags: int) -> tuple[int, int]:
    """Read into the buffers of a message, whose one flag is MSG_PEEK; status and bytes moved."""
    if flags & ~MSG_PEEK:
        return abi.ZX_ERR_NOT_SUPPORTED, 0
    if len(msg) > IOV_MAX:
        return abi.ZX_ERR_INVALID_ARGS, 0
    return zxio_readv(io, msg, ZXIO_PEEK if flags else 0)


def zxio_wait_begin_inner(io: Zxio | None, events: int, signals: int) -> tuple[int, int]:
    """Handle and kernel signals for events of poll, and for generic signals besides them."""
    for event, meaning in _EVENTS:
        if events & event:
            signals |= meaning
    return zxio_wait_begin(io, signals)


def zxio_wait_end_inner(io: Zxio | None, signals: int) -> tuple[int, int]:
    """Events of poll, and the generic signals, for kernel signals."""
    generic = zxio_wait_end(io, signals)
    return sum(event for event, meaning in _EVENTS if generic & meaning), generic

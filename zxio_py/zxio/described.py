"""Objects that a server stands behind, by what it says of them: unasked or by a query.

Of what servers may be, network sockets are not known here: ZX_ERR_NOT_SUPPORTED.  The channel is
consumed in every case, and where it gives no object the storage is left alone.
"""

from __future__ import annotations

from typing import Final

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET,
    ZXIO_OBJECT_TYPE_DIR,
    ZXIO_OBJECT_TYPE_FILE,
    ZXIO_OBJECT_TYPE_NONE,
    ZXIO_OBJECT_TYPE_PACKET_SOCKET,
    ZXIO_OBJECT_TYPE_RAW_SOCKET,
    ZXIO_OBJECT_TYPE_STREAM_SOCKET,
    ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET,
    ZXIO_OBJECT_TYPE_TTY,
)
from zxio_py.fidl.library.io import FILE, NODE
from zxio_py.fidl.library.io_types import NodeInfoDeprecated
from zxio_py.fidl.library.pty import DEVICE
from zxio_py.fidl.library.unknown import QUERYABLE
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.directory import directory_init
from zxio_py.zxio.file import file_init
from zxio_py.zxio.node import node_init
from zxio_py.zxio.ops import Storage
from zxio_py.zxio.system import System
from zxio_py.zxio.transport import call, check, discard, wait_event
from zxio_py.zxio.tty import tty_init

_TYPES: Final = {
    b"fuchsia.io/Directory": ZXIO_OBJECT_TYPE_DIR,
    b"fuchsia.io/File": ZXIO_OBJECT_TYPE_FILE,
    b"fuchsia.hardware.pty/Device": ZXIO_OBJECT_TYPE_TTY,
    b"fuchsia.posix.socket/DatagramSocket": ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET,
    b"fuchsia.posix.socket/StreamSocket": ZXIO_OBJECT_TYPE_STREAM_SOCKET,
    b"fuchsia.posix.socket/SynchronousDatagramSocket": (
        ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET
    ),
    b"fuchsia.posix.socket.packet/Socket": ZXIO_OBJECT_TYPE_PACKET_SOCKET,
    b"fuchsia.posix.socket.raw/Socket": ZXIO_OBJECT_TYPE_RAW_SOCKET,
}


def query_type(system: System, channel: int) -> int:
    """ZXIO_OBJECT_TYPE_ of what is behind a channel: NONE for any other protocol."""
    protocol = bytes(call(system, channel, QUERYABLE["Query"]).protocol)
    return _TYPES.get(protocol, ZXIO_OBJECT_TYPE_NONE)


def create_by_query(channel: int, storage: Storage) -> None:
    """Make the object that the server says to be when asked."""
    system = storage.io.system
    try:
        match query_type(system, channel):
            case type if type == ZXIO_OBJECT_TYPE_DIR:
                directory_init(storage, channel)
            case type if type == ZXIO_OBJECT_TYPE_FILE:
                info = call(system, channel, FILE["Describe"])
                file_init(storage, channel, info.observer or 0, info.stream or 0)
            case type if type == ZXIO_OBJECT_TYPE_TTY:
                described = call(system, channel, DEVICE["Describe2"])
                tty_init(storage, channel, described.event or 0)
            case type if type == ZXIO_OBJECT_TYPE_NONE:
                node_init(storage, channel)
            case _:
                raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    except ZxError:
        system.handle_close(channel)
        raise


def create_by_event(channel: int, storage: Storage) -> None:
    """Make the object that the server's first event describes."""
    system = storage.io.system
    try:
        method, payload = wait_event(system, channel, NODE)
        if method.name == "OnRepresentation":
            discard(system, payload)
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if payload.s != abi.ZX_OK:
            discard(system, payload)
        check(payload.s)
        if payload.info is None:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        _create_by_info(channel, payload.info, storage)
    except ZxError:
        system.handle_close(channel)
        raise


def _create_by_info(channel: int, info: NodeInfoDeprecated, storage: Storage) -> None:
    if info.file is not None:
        file_init(storage, channel, info.file.event or 0, info.file.stream or 0)
    elif info.directory is not None:
        directory_init(storage, channel)
    elif info.tty is not None:
        tty_init(storage, channel, info.tty.event or 0)
    elif info.service is not None:
        node_init(storage, channel)
    else:
        discard(storage.io.system, info)
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)

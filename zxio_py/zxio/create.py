"""Which object stands for a handle.

    kernel object   zxio object
    channel         whatever its server says it is (`described`)
    debuglog        debuglog
    socket          pipe, of the stream or the datagram flavour
    VMO             vmo, with a stream at offset zero
    anything else   handle holder, and ZX_ERR_NOT_SUPPORTED

The handle is consumed in every case.  A function without storage cannot close a handle, since
only the storage knows whose it is.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET,
    ZXIO_OBJECT_TYPE_DIR,
    ZXIO_OBJECT_TYPE_NODE,
    ZXIO_OBJECT_TYPE_PACKET_SOCKET,
    ZXIO_OBJECT_TYPE_PIPE,
    ZXIO_OBJECT_TYPE_RAW_SOCKET,
    ZXIO_OBJECT_TYPE_STREAM_SOCKET,
    ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET,
    ZXIO_OBJECT_TYPE_VMO,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.debuglog import debuglog_init
from zxio_py.zxio.handle_holder import handle_holder_init
from zxio_py.zxio.null import zxio_default_init
from zxio_py.zxio.ops import Storage
from zxio_py.zxio.pipe import pipe_init
from zxio_py.zxio.status import attempt
from zxio_py.zxio.vmo import vmo_init

#: koid, rights and type of a zx_info_handle_basic_t.
_BASIC_INFO = Struct("<QII")


def _create_pipe(socket: int, storage: Storage) -> int:
    system = storage.io.system
    try:
        info = system.object_get_info_socket(socket)
    except ZxError as error:
        system.handle_close(socket)
        return error.status
    pipe_init(storage, socket, info)
    return abi.ZX_OK


def _create_vmo(vmo: int, rights: int, storage: Storage) -> int:
    """The stream reads and writes as far as the handle may."""
    system = storage.io.system
    mode = abi.ZX_STREAM_MODE_READ if rights & abi.ZX_RIGHT_READ else 0
    mode |= abi.ZX_STREAM_MODE_WRITE if rights & abi.ZX_RIGHT_WRITE else 0
    try:
        stream = system.stream_create(mode, vmo, 0)
    except ZxError as error:
        system.handle_close(vmo)
        zxio_default_init(storage.io)
        return error.status
    vmo_init(storage, vmo, stream)
    return abi.ZX_OK


def _from_server(channel: int, storage: Storage, *, asked: bool) -> int:
    """The object that a server says to be, when it is asked or with its first event."""
    if not storage.io.system.speaks_fidl:
        storage.io.system.handle_close(channel)
        return abi.ZX_ERR_PEER_CLOSED
    # Protocols take a while to load: those who only have local objects do without.
    from zxio_py.zxio import described

    create = described.create_by_query if asked else described.create_by_event
    return attempt(lambda: create(channel, storage), None)[0]


def _refused(handle: int, info: object, storage: Storage) -> bool:
    """Refuse what cannot be an object, closing the handle if there is one."""
    if handle == abi.ZX_HANDLE_INVALID:
        return True
    if info is None:
        storage.io.system.handle_close(handle)
        return True
    return False


def zxio_create(handle: int, storage: Storage | None) -> int:
    """Build the object for a handle in *storage*; the status."""
    if storage is None or _refused(handle, storage, storage):
        return abi.ZX_ERR_INVALID_ARGS
    system = storage.io.system
    try:
        info = system.object_get_info_handle_basic(handle)
    except ZxError as error:
        system.handle_close(handle)
        zxio_default_init(storage.io)
        return error.status
    return zxio_create_with_info(handle, info, storage)


def zxio_create_with_on_open(handle: int, storage: Storage | None) -> int:
    """Build the object that the server's first event describes; the status."""
    if storage is None or _refused(handle, storage, storage):
        return abi.ZX_ERR_INVALID_ARGS
    return _from_server(handle, storage, asked=False)


def zxio_create_with_info(handle: int, handle_info: bytes | None, storage: Storage | None) -> int:
    """As `zxio_create`, trusting the caller's zx_info_handle_basic_t; the status."""
    if storage is None or _refused(handle, handle_info, storage):
        return abi.ZX_ERR_INVALID_ARGS
    assert handle_info is not None
    _, rights, kind = _BASIC_INFO.unpack_from(handle_info)
    match kind:
        case abi.ZX_OBJ_TYPE_CHANNEL:
            return _from_server(handle, storage, asked=True)
        case abi.ZX_OBJ_TYPE_DEBUGLOG:
            debuglog_init(storage, handle)
            return abi.ZX_OK
        case abi.ZX_OBJ_TYPE_SOCKET:
            return _create_pipe(handle, storage)
        case abi.ZX_OBJ_TYPE_VMO:
            return _create_vmo(handle, rights, storage)
        case _:
            handle_holder_init(storage, handle)
            return abi.ZX_ERR_NOT_SUPPORTED


#: What the objects that can be made by type are made of: an ``h`` is a handle, a ``p`` a pointer to
#: what is known of it, an ``n`` a number.
_PARTS = {
    ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET: "hh",  # event pair, channel
    ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET: "hpph",  # socket, its information, prelude sizes, channel
    ZXIO_OBJECT_TYPE_DIR: "h",
    ZXIO_OBJECT_TYPE_NODE: "h",
    ZXIO_OBJECT_TYPE_STREAM_SOCKET: "hpnh",  # socket, its information, is it connected, channel
    ZXIO_OBJECT_TYPE_PIPE: "hp",  # socket, its information
    ZXIO_OBJECT_TYPE_RAW_SOCKET: "hh",
    ZXIO_OBJECT_TYPE_PACKET_SOCKET: "hh",
    ZXIO_OBJECT_TYPE_VMO: "hh",  # VMO, stream
}

_LOCAL_CONSTRUCTORS: dict[int, Callable[..., None]] = {
    ZXIO_OBJECT_TYPE_PIPE: pipe_init,
    ZXIO_OBJECT_TYPE_VMO: vmo_init,
}


def _constructor(type: int) -> Callable[..., None] | None:
    """What makes an object of a type without asking anybody."""
    if type in (ZXIO_OBJECT_TYPE_DIR, ZXIO_OBJECT_TYPE_NODE):
        from zxio_py.zxio import directory, node  # see _from_server

        return directory.directory_init if type == ZXIO_OBJECT_TYPE_DIR else node.node_init
    return _LOCAL_CONSTRUCTORS.get(type)


def zxio_create_with_type(storage: Storage | None, type: int, *parts: int | bytes | None) -> int:
    """Build an object of a stated type from its parts, in the order of `_PARTS`; the status.

    Handles among the parts of a type are consumed even on failure.  Types that have no constructor
    answer ZX_ERR_NOT_SUPPORTED and consume nothing.
    """
    shape = _PARTS.get(type)
    if shape is None:
        return abi.ZX_ERR_NOT_SUPPORTED
    if len(parts) != len(shape):
        raise TypeError(f"object type {type} is made of {len(shape)} parts, not {len(parts)}")
    if storage is None:
        return abi.ZX_ERR_INVALID_ARGS
    handles = [int(part or 0) for part, kind in zip(parts, shape, strict=True) if kind == "h"]
    pointers = [part for part, kind in zip(parts, shape, strict=True) if kind == "p"]
    constructor = _constructor(type)
    if abi.ZX_HANDLE_INVALID in handles or None in pointers:
        status = abi.ZX_ERR_INVALID_ARGS
    elif constructor is not None:
        constructor(storage, *parts)
        return abi.ZX_OK
    else:
        # Network sockets are answered as if their server had closed.
        status = abi.ZX_ERR_PEER_CLOSED
    for handle in handles:
        storage.io.system.handle_close(handle)
    return status

"""A directory behind a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_NODE_PROTOCOL_DIRECTORY,
    ZXIO_NODE_PROTOCOL_FILE,
    ZXIO_NODE_PROTOCOL_NONE,
    ZXIO_WATCH_EVENT_ADD_FILE,
    ZXIO_WATCH_EVENT_REMOVE_FILE,
    ZXIO_WATCH_EVENT_WAITING,
)
from zxio_py.fidl.library.io import (
    DIRECTORY,
    DirectoryAddInotifyFilterRequest,
    DirectoryLinkRequest,
    DirectoryReadDirentsRequest,
    DirectoryRenameRequest,
    DirectoryUnlinkRequest,
    DirectoryWatchRequest,
    OpenableOpenRequest,
)
from zxio_py.fidl.library.io_types import (
    MAX_TRANSFER_SIZE,
    DirentType,
    OpenFlags,
    UnlinkFlags,
    UnlinkOptions,
    WatchEvent,
    WatchMask,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Ops, Storage, Zxio, zxio_init
from zxio_py.zxio.owned import OwnedHandle
from zxio_py.zxio.remote import (
    Remote,
    ask,
    attributes_of,
    remote_advisory_lock,
    remote_attr_set,
    remote_borrow,
    remote_clone,
    remote_close,
    remote_flags_get,
    remote_flags_set,
    remote_release,
    remote_sync,
)
from zxio_py.zxio.transport import check, send, text, wait_message
from zxio_py.zxio.types import Dirent, DirentIterator, NodeAttributes
from zxio_py.zxio.vector import Vector, vector_size

#: Of <fcntl.h> on Fuchsia.
AT_REMOVEDIR = 0x200

#: What stands before a name in a listing: inode, size, type.
_DIRENT = Struct("<QBB")

_PROTOCOLS = {
    DirentType.DIRECTORY: ZXIO_NODE_PROTOCOL_DIRECTORY,
    DirentType.FILE: ZXIO_NODE_PROTOCOL_FILE,
}

#: What a watcher is told, by what its server says; DELETED is not passed on.
_WATCH_EVENTS = {
    WatchEvent.ADDED: ZXIO_WATCH_EVENT_ADD_FILE,
    WatchEvent.EXISTING: ZXIO_WATCH_EVENT_ADD_FILE,
    WatchEvent.REMOVED: ZXIO_WATCH_EVENT_REMOVE_FILE,
    WatchEvent.IDLE: ZXIO_WATCH_EVENT_WAITING,
}


def _directory_attr_get(io: Zxio) -> NodeAttributes:
    reply = ask(io, DIRECTORY["GetAttr"])
    check(reply.s)
    return attributes_of(reply.attributes, directory=True)


def _directory_read(vector: Vector, flags: int) -> int:
    """A directory has no bytes: nothing can be read into no room."""
    if flags:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if vector_size(vector):
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    return 0


def _directory_readv(io: Zxio, vector: Vector, flags: int) -> int:
    return _directory_read(vector, flags)


def _directory_readv_at(io: Zxio, offset: int, vector: Vector, flags: int) -> int:
    return _directory_read(vector, flags)


# ---- names ---------------------------------------------------------------------------------


def _open(io: Zxio, flags: int, mode: int, path: str, server_end: int) -> None:
    remote: Remote = io.state
    request = OpenableOpenRequest(flags, mode, path, server_end)
    send(io.system, remote.channel.value, DIRECTORY["Open"], request)


def _directory_open(
    io: Zxio, flags: int, mode: int, path: Any, path_len: int, storage: Storage
) -> None:
    from zxio_py.zxio.described import create_by_event  # which makes directories

    name = text(io, path, path_len)
    near, far = io.system.channel_create()
    try:
        _open(io, flags | OpenFlags.DESCRIBE, mode, name, far)
    except ZxError:
        io.system.handle_close(near)
        raise
    create_by_event(near, storage)


def _directory_open_async(
    io: Zxio, flags: int, mode: int, path: Any, path_len: int, request: int
) -> None:
    try:
        name = text(io, path, path_len)
    except ZxError:
        io.system.handle_close(request)
        raise
    _open(io, flags, mode, name, request)


def _directory_add_inotify_filter(
    io: Zxio, path: Any, path_len: int, mask: int, watch_descriptor: int, socket: int
) -> None:
    try:
        name = text(io, path, path_len)
    except ZxError:
        io.system.handle_close(socket)
        raise
    request = DirectoryAddInotifyFilterRequest(name, mask, watch_descriptor, socket)
    ask(io, DIRECTORY["AddInotifyFilter"], request)


def _directory_unlink(io: Zxio, name: Any, name_len: int, flags: int) -> None:
    options = UnlinkOptions()
    if flags & AT_REMOVEDIR:
        options.flags = UnlinkFlags.MUST_BE_DIRECTORY
    ask(io, DIRECTORY["Unlink"], DirectoryUnlinkRequest(text(io, name, name_len), options))


def _directory_token_get(io: Zxio) -> int:
    reply = ask(io, DIRECTORY["GetToken"])
    check(reply.s)
    return reply.token or abi.ZX_HANDLE_INVALID


def _two_names(
    io: Zxio, old: Any, old_len: int, token: int, new: Any, new_len: int
) -> tuple[str, str]:
    """Both names of a move; *token* is closed if they are none."""
    try:
        return text(io, old, old_len), text(io, new, new_len)
    except ZxError:
        io.system.handle_close(token)
        raise


def _directory_rename(
    io: Zxio, old_path: Any, old_path_len: int, token: int, new_path: Any, new_path_len: int
) -> None:
    old, new = _two_names(io, old_path, old_path_len, token, new_path, new_path_len)
    ask(io, DIRECTORY["Rename"], DirectoryRenameRequest(old, token, new))


def _directory_link(
    io: Zxio, src_path: Any, src_path_len: int, token: int, dst_path: Any, dst_path_len: int
) -> None:
    source, name = _two_names(io, src_path, src_path_len, token, dst_path, dst_path_len)
    check(ask(io, DIRECTORY["Link"], DirectoryLinkRequest(source, token, name)).s)


# ---- listings ------------------------------------------------------------------------------


def _directory_dirent_iterator_init(io: Zxio, iterator: DirentIterator) -> None:
    """Begin at the first entry, whoever has walked over this connection before."""
    iterator.io = io
    iterator.pending = b""
    check(ask(io, DIRECTORY["Rewind"]).s)


def _directory_dirent_iterator_next(io: Zxio, iterator: DirentIterator, entry: Dirent) -> None:
    """Give out the next entry, asking for more when the last ones are used up."""
    if not iterator.pending:
        request = DirectoryReadDirentsRequest(MAX_TRANSFER_SIZE)
        reply = ask(io, DIRECTORY["ReadDirents"], request)
        check(reply.s)
        if not reply.dirents:
            raise ZxError(abi.ZX_ERR_NOT_FOUND)
        iterator.pending = reply.dirents
    if len(iterator.pending) < _DIRENT.size:
        raise ZxError(abi.ZX_ERR_INTERNAL)
    inode, size, type = _DIRENT.unpack_from(iterator.pending)
    name = iterator.pending[_DIRENT.size :][:size]
    if len(name) < size:
        raise ZxError(abi.ZX_ERR_INTERNAL)
    iterator.pending = iterator.pending[_DIRENT.size + size :]
    entry.protocols = _PROTOCOLS.get(type, ZXIO_NODE_PROTOCOL_NONE)
    entry.id = inode
    entry.name_length = size
    assert entry.name is not None  # checked for every type
    io.system.store(entry.name, name)


def _directory_dirent_iterator_destroy(io: Zxio, iterator: DirentIterator) -> None:
    iterator.io = None
    iterator.pending = b""


# ---- watching ------------------------------------------------------------------------------


def _watch_records(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The events of a message, with names; one that is cut short ends it."""
    while len(message) >= 2:
        event, size = message[:2]
        name = message[2 : 2 + size]
        if len(name) < size:
            return
        yield event, name
        message = message[2 + size :]


def _directory_watch_directory(
    io: Zxio, cb: Callable[[int, bytes], int] | None, deadline: int
) -> None:
    """Tell *cb* of every change until it answers something other than ZX_OK."""
    if cb is None:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    near, far = io.system.channel_create()
    try:
        all_events = ~WatchMask(0)
        check(ask(io, DIRECTORY["Watch"], DirectoryWatchRequest(all_events, 0, far)).s)
        while True:
            message, handles = wait_message(io.system, near, deadline)
            for info in handles:
                io.system.handle_close(info.handle)
            for event, name in _watch_records(message):
                if event in _WATCH_EVENTS:
                    check(cb(_WATCH_EVENTS[WatchEvent(event)], name))
    finally:
        io.system.handle_close(near)


_DIRECTORY_OPS = Ops(
    close=remote_close,
    release=remote_release,
    borrow=remote_borrow,
    clone=remote_clone,
    sync=remote_sync,
    attr_get=_directory_attr_get,
    attr_set=remote_attr_set,
    readv=_directory_readv,
    readv_at=_directory_readv_at,
    flags_get=remote_flags_get,
    flags_set=remote_flags_set,
    open=_directory_open,
    open_async=_directory_open_async,
    add_inotify_filter=_directory_add_inotify_filter,
    unlink=_directory_unlink,
    token_get=_directory_token_get,
    rename=_directory_rename,
    link=_directory_link,
    dirent_iterator_init=_directory_dirent_iterator_init,
    dirent_iterator_next=_directory_dirent_iterator_next,
    dirent_iterator_destroy=_directory_dirent_iterator_destroy,
    advisory_lock=remote_advisory_lock,
    watch_directory=_directory_watch_directory,
)


def directory_init(storage: Storage, channel: int) -> None:
    """Make a directory, which owns *channel*."""
    zxio_init(storage.io, _DIRECTORY_OPS)
    storage.io.state = Remote(OwnedHandle(channel))


def is_directory(io: Zxio) -> bool:
    """Whether an object is a directory of this type."""
    return io.ops is _DIRECTORY_OPS

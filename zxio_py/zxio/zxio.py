"""The public functions: check that there is an object, then call its operation.

Each returns the status first and then the outputs; outputs of a failed call are zero.  Buffers
are anything that behaves like ``bytes`` (to write) or ``bytearray`` (to read into).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from zxio_py import abi
from zxio_py.zxio.null import DEFAULT_OPS
from zxio_py.zxio.ops import Zxio, zxio_get_ops, zxio_init
from zxio_py.zxio.status import attempt
from zxio_py.zxio.types import Dirent, DirentIterator, NodeAttributes
from zxio_py.zxio.vector import Entries, Entry, Pointer, UserEntries, Vector

T = TypeVar("T")


def _operation(io: Zxio, member: str) -> Callable[..., Any]:
    """The operation of an object's table, or the default one where the type does not have it."""
    operation: Callable[..., Any] | None = getattr(io.ops, member)
    if operation is None:
        operation = getattr(DEFAULT_OPS, member)
    assert operation is not None
    return operation


def _is_valid(io: Zxio | None) -> bool:
    return zxio_get_ops(io) is not None


def dispatch(io: Zxio | None, member: str, failed: T, *args: Any) -> tuple[int, T]:
    """Status and outputs of one operation, *failed* for those it does not have."""
    if io is None or not _is_valid(io):
        return abi.ZX_ERR_BAD_HANDLE, failed
    operation = _operation(io, member)
    return attempt(lambda: operation(io, *args), failed)


def _status(io: Zxio | None, member: str, *args: Any) -> int:
    """Status of an operation without outputs."""
    return dispatch(io, member, None, *args)[0]


def _entries(vector: Sequence[Entry] | UserEntries) -> Vector:
    return vector if isinstance(vector, UserEntries) else Entries(vector)


# ---- end -----------------------------------------------------------------------------------


def zxio_close(io: Zxio | None) -> int:
    """End the object; whatever the operation answers, there is none afterwards."""
    status = _status(io, "close")
    if io is not None:
        zxio_init(io, None)
    return status


def zxio_release(io: Zxio | None) -> tuple[int, int]:
    """Take the object's handle out; the object must still be closed."""
    return dispatch(io, "release", 0)


def zxio_borrow(io: Zxio | None) -> tuple[int, int]:
    """Look at the object's handle."""
    return dispatch(io, "borrow", 0)


def zxio_clone(io: Zxio | None) -> tuple[int, int]:
    """A new handle for another object like this one."""
    return dispatch(io, "clone", 0)


# ---- waiting -------------------------------------------------------------------------------


def zxio_wait_one(io: Zxio | None, signals: int, deadline: int) -> tuple[int, int]:
    """Wait until one of the signals is asserted.

    What is reported is the set that was waited for, as the interface has always done.
    """
    if io is None or not _is_valid(io):
        return abi.ZX_ERR_BAD_HANDLE, 0
    handle, zx_signals = zxio_wait_begin(io, signals)
    if handle == abi.ZX_HANDLE_INVALID:
        return abi.ZX_ERR_NOT_SUPPORTED, 0
    system = io.system
    status, _ = attempt(lambda: system.object_wait_one(handle, zx_signals, deadline), 0)
    if status != abi.ZX_OK:
        return status, 0
    return abi.ZX_OK, zxio_wait_end(io, zx_signals)


def zxio_wait_begin(io: Zxio | None, zxio_signals: int) -> tuple[int, int]:
    """Handle and kernel signals that stand for generic signals; no status."""
    if io is None or not _is_valid(io):
        return abi.ZX_HANDLE_INVALID, 0
    handle, signals = _operation(io, "wait_begin")(io, zxio_signals)
    return handle, signals


def zxio_wait_end(io: Zxio | None, zx_signals: int) -> int:
    """Generic signals for kernel signals; no status."""
    if io is None or not _is_valid(io):
        return 0
    signals: int = _operation(io, "wait_end")(io, zx_signals)
    return signals


# ---- nodes ---------------------------------------------------------------------------------


def zxio_sync(io: Zxio | None) -> int:
    """Make the server write everything back."""
    return _status(io, "sync")


def zxio_attr_get(io: Zxio | None) -> tuple[int, NodeAttributes]:
    """The node's attributes."""
    return dispatch(io, "attr_get", NodeAttributes())


def zxio_attr_set(io: Zxio | None, attr: NodeAttributes) -> int:
    """Change the attributes that are present."""
    return _status(io, "attr_set", attr)


def zxio_flags_get(io: Zxio | None) -> tuple[int, int]:
    """The flags the node was opened with."""
    return dispatch(io, "flags_get", 0)


def zxio_flags_set(io: Zxio | None, flags: int) -> int:
    """Change the flags."""
    return _status(io, "flags_set", flags)


# ---- bytes ---------------------------------------------------------------------------------


def zxio_read(io: Zxio | None, buffer: Pointer, capacity: int, flags: int) -> tuple[int, int]:
    """Read at the seek offset; the bytes moved."""
    return zxio_readv(io, [(buffer, capacity)], flags)


def zxio_read_at(
    io: Zxio | None, offset: int, buffer: Pointer, capacity: int, flags: int
) -> tuple[int, int]:
    """Read at an offset; the bytes moved."""
    return zxio_readv_at(io, offset, [(buffer, capacity)], flags)


def zxio_readv(
    io: Zxio | None, vector: Sequence[Entry] | UserEntries, flags: int
) -> tuple[int, int]:
    """Read into several buffers; the bytes moved."""
    return dispatch(io, "readv", 0, _entries(vector), flags)


def zxio_readv_at(
    io: Zxio | None, offset: int, vector: Sequence[Entry] | UserEntries, flags: int
) -> tuple[int, int]:
    """Read at an offset into several buffers; the bytes moved."""
    return dispatch(io, "readv_at", 0, offset, _entries(vector), flags)


def zxio_write(io: Zxio | None, buffer: Pointer, capacity: int, flags: int) -> tuple[int, int]:
    """Write at the seek offset; the bytes moved."""
    return zxio_writev(io, [(buffer, capacity)], flags)


def zxio_write_at(
    io: Zxio | None, offset: int, buffer: Pointer, capacity: int, flags: int
) -> tuple[int, int]:
    """Write at an offset; the bytes moved."""
    return zxio_writev_at(io, offset, [(buffer, capacity)], flags)


def zxio_writev(
    io: Zxio | None, vector: Sequence[Entry] | UserEntries, flags: int
) -> tuple[int, int]:
    """Write from several buffers; the bytes moved."""
    return dispatch(io, "writev", 0, _entries(vector), flags)


def zxio_writev_at(
    io: Zxio | None, offset: int, vector: Sequence[Entry] | UserEntries, flags: int
) -> tuple[int, int]:
    """Write at an offset from several buffers; the bytes moved."""
    return dispatch(io, "writev_at", 0, offset, _entries(vector), flags)


def zxio_seek(io: Zxio | None, start: int, offset: int) -> tuple[int, int]:
    """Move the seek offset; the new one."""
    return dispatch(io, "seek", 0, start, offset)


def zxio_truncate(io: Zxio | None, length: int) -> int:
    """Set the length in bytes."""
    return _status(io, "truncate", length)


def zxio_vmo_get(io: Zxio | None, flags: int) -> tuple[int, int]:
    """The contents as a VMO."""
    return dispatch(io, "vmo_get", 0, flags)


def zxio_get_read_buffer_available(io: Zxio | None) -> tuple[int, int]:
    """How many bytes could be read at once."""
    return dispatch(io, "get_read_buffer_available", 0)


def zxio_shutdown(io: Zxio | None, options: int) -> tuple[int, int]:
    """Stop reading or writing; status and out_code."""
    return dispatch(io, "shutdown", 0, options)


# ---- directories ---------------------------------------------------------------------------


def zxio_open(
    directory: Zxio | None, flags: int, mode: int, path: Any, path_len: int, storage: Any
) -> int:
    """Open below a directory."""
    return _status(directory, "open", flags, mode, path, path_len, storage)


def zxio_open_async(
    directory: Zxio | None, flags: int, mode: int, path: Any, path_len: int, request: int
) -> int:
    """Send an open request; it is consumed in every case, as the tokens of rename and link are."""
    if directory is not None and not _is_valid(directory):
        directory.system.handle_close(request)
    return _status(directory, "open_async", flags, mode, path, path_len, request)


def zxio_add_inotify_filter(
    io: Zxio | None, path: Any, path_len: int, mask: int, watch_descriptor: int, socket: int
) -> int:
    """Ask for inotify events below a directory; the socket is consumed in every case."""
    if io is not None and not _is_valid(io):
        io.system.handle_close(socket)
    return _status(io, "add_inotify_filter", path, path_len, mask, watch_descriptor, socket)


def zxio_unlink(directory: Zxio | None, name: Any, name_len: int, flags: int) -> int:
    """Remove a child."""
    return _status(directory, "unlink", name, name_len, flags)


def zxio_token_get(io: Zxio | None) -> tuple[int, int]:
    """The handle that names this directory in rename and link."""
    return dispatch(io, "token_get", 0)


def zxio_rename(
    old_directory: Zxio | None,
    old_path: Any,
    old_path_len: int,
    new_directory_token: int,
    new_path: Any,
    new_path_len: int,
) -> int:
    """Move a child to the directory of the token."""
    if old_directory is not None and not _is_valid(old_directory):
        old_directory.system.handle_close(new_directory_token)
    return _status(
        old_directory,
        "rename",
        old_path,
        old_path_len,
        new_directory_token,
        new_path,
        new_path_len,
    )


def zxio_link(
    src_directory: Zxio | None,
    src_path: Any,
    src_path_len: int,
    dst_directory_token: int,
    dst_path: Any,
    dst_path_len: int,
) -> int:
    """Give a child a further name in the directory of the token."""
    if src_directory is not None and not _is_valid(src_directory):
        src_directory.system.handle_close(dst_directory_token)
    return _status(
        src_directory,
        "link",
        src_path,
        src_path_len,
        dst_directory_token,
        dst_path,
        dst_path_len,
    )


def zxio_dirent_iterator_init(iterator: DirentIterator | None, directory: Zxio | None) -> int:
    """Begin a walk through a directory."""
    if directory is None or not _is_valid(directory):
        return abi.ZX_ERR_BAD_HANDLE
    if iterator is None:
        return abi.ZX_ERR_INVALID_ARGS
    return _status(directory, "dirent_iterator_init", iterator)


def zxio_dirent_iterator_next(iterator: DirentIterator, inout_entry: Dirent | None) -> int:
    """Fill in the next entry.

    There has to be an iterator, here and at its end; what counts is whether it has an object.
    """
    if not _is_valid(iterator.io):
        return abi.ZX_ERR_BAD_HANDLE
    if inout_entry is None or inout_entry.name is None:
        return abi.ZX_ERR_INVALID_ARGS
    return _status(iterator.io, "dirent_iterator_next", iterator, inout_entry)


def zxio_dirent_iterator_destroy(iterator: DirentIterator) -> None:
    """End the walk."""
    if _is_valid(iterator.io):
        _status(iterator.io, "dirent_iterator_destroy", iterator)


def zxio_watch_directory(
    directory: Zxio | None, cb: Callable[[int, bytes], int] | None, deadline: int
) -> int:
    """Feed what happens in a directory to *cb* until it fails or the deadline passes."""
    return _status(directory, "watch_directory", cb, deadline)


# ---- terminals -----------------------------------------------------------------------------


def zxio_isatty(io: Zxio | None) -> tuple[int, bool]:
    """Whether the object wants line buffering."""
    return dispatch(io, "isatty", False)


def zxio_get_window_size(io: Zxio | None) -> tuple[int, int, int]:
    """Width and height in characters."""
    status, (width, height) = dispatch(io, "get_window_size", (0, 0))
    return status, width, height


def zxio_set_window_size(io: Zxio | None, width: int, height: int) -> int:
    """Set width and height in characters."""
    return _status(io, "set_window_size", width, height)


def zxio_ioctl(io: Zxio | None, request: int, arguments: Any) -> tuple[int, int]:
    """Generic door; status and out_code."""
    return dispatch(io, "ioctl", 0, request, arguments)


# ---- sockets: status, outputs, out_code ----------------------------------------------------


def zxio_bind(io: Zxio | None, addr: Any, addrlen: int) -> tuple[int, int]:
    """Bind to a local address."""
    return dispatch(io, "bind", 0, addr, addrlen)


def zxio_connect(io: Zxio | None, addr: Any, addrlen: int) -> tuple[int, int]:
    """Connect to a peer."""
    return dispatch(io, "connect", 0, addr, addrlen)


def zxio_listen(io: Zxio | None, backlog: int) -> tuple[int, int]:
    """Wait for peers."""
    return dispatch(io, "listen", 0, backlog)


def zxio_accept(io: Zxio | None, addr: Any, addrlen: Any, out_storage: Any) -> tuple[int, int]:
    """Take a peer's connection."""
    return dispatch(io, "accept", 0, addr, addrlen, out_storage)


def zxio_getsockname(io: Zxio | None, addr: Any, addrlen: Any) -> tuple[int, int]:
    """The local address."""
    return dispatch(io, "getsockname", 0, addr, addrlen)


def zxio_getpeername(io: Zxio | None, addr: Any, addrlen: Any) -> tuple[int, int]:
    """The peer's address."""
    return dispatch(io, "getpeername", 0, addr, addrlen)


def zxio_getsockopt(
    io: Zxio | None, level: int, optname: int, optval: Any, optlen: Any
) -> tuple[int, int]:
    """Read a socket option."""
    return dispatch(io, "getsockopt", 0, level, optname, optval, optlen)


def zxio_setsockopt(
    io: Zxio | None, level: int, optname: int, optval: Any, optlen: int
) -> tuple[int, int]:
    """Change a socket option."""
    return dispatch(io, "setsockopt", 0, level, optname, optval, optlen)


def zxio_recvmsg(io: Zxio | None, msg: Any, flags: int) -> tuple[int, int, int]:
    """Receive a message; status, bytes moved, out_code."""
    status, (actual, code) = dispatch(io, "recvmsg", (0, 0), msg, flags)
    return status, actual, code


def zxio_sendmsg(io: Zxio | None, msg: Any, flags: int) -> tuple[int, int, int]:
    """Send a message; status, bytes moved, out_code."""
    status, (actual, code) = dispatch(io, "sendmsg", (0, 0), msg, flags)
    return status, actual, code

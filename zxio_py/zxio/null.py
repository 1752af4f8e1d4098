"""The default object, whose answers every type inherits, and the null object, which reads nothing
and swallows what is written."""

from __future__ import annotations

from typing import Any

from zxio_py import abi
from zxio_py.abi.zxio import ZXIO_ENOTSOCK, ZXIO_ENOTTY
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Ops, Zxio, zxio_init
from zxio_py.zxio.types import DirentIterator, NodeAttributes
from zxio_py.zxio.vector import Vector, vector_size

# ---- the default object, in the order of the ops table -------------------------------------


def _default_close(io: Zxio) -> None:
    """There is nothing to end."""


def _not_supported(io: Zxio, *args: Any) -> Any:
    """Every operation that most objects lack."""
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _default_wait_begin(io: Zxio, zxio_signals: int) -> tuple[int, int]:
    return abi.ZX_HANDLE_INVALID, 0


def _default_wait_end(io: Zxio, zx_signals: int) -> int:
    return 0


def _default_attr_get(io: Zxio) -> NodeAttributes:
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _wrong_type(io: Zxio, *args: Any) -> int:
    """The data plane: readv, readv_at, writev, writev_at and seek."""
    raise ZxError(abi.ZX_ERR_WRONG_TYPE)


def _default_open_async(
    io: Zxio, flags: int, mode: int, path: Any, path_len: int, request: int
) -> None:
    io.system.handle_close(request)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _default_add_inotify_filter(
    io: Zxio, path: Any, path_len: int, mask: int, watch_descriptor: int, socket: int
) -> None:
    io.system.handle_close(socket)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _default_move(
    io: Zxio, old_path: Any, old_path_len: int, token: int, new_path: Any, new_path_len: int
) -> None:
    """rename and link"""
    io.system.handle_close(token)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _default_dirent_iterator_init(io: Zxio, iterator: DirentIterator) -> None:
    iterator.io = io
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _default_dirent_iterator_destroy(io: Zxio, iterator: DirentIterator) -> None:
    iterator.io = None


def _default_isatty(io: Zxio) -> bool:
    return False


def _not_a_socket(io: Zxio, *args: Any) -> int:
    """Every socket call: what was asked about is not a socket."""
    return ZXIO_ENOTSOCK


def _not_a_socket_message(io: Zxio, msg: Any, flags: int) -> tuple[int, int]:
    """recvmsg and sendmsg, which also report how many bytes moved: none."""
    return 0, ZXIO_ENOTSOCK


def _default_ioctl(io: Zxio, request: int, arguments: Any) -> int:
    return ZXIO_ENOTTY


DEFAULT_OPS = Ops(
    close=_default_close,
    release=_not_supported,
    borrow=_not_supported,
    clone=_not_supported,
    wait_begin=_default_wait_begin,
    wait_end=_default_wait_end,
    sync=_not_supported,
    attr_get=_default_attr_get,
    attr_set=_not_supported,
    readv=_wrong_type,
    readv_at=_wrong_type,
    writev=_wrong_type,
    writev_at=_wrong_type,
    seek=_wrong_type,
    truncate=_not_supported,
    flags_get=_not_supported,
    flags_set=_not_supported,
    vmo_get=_not_supported,
    get_read_buffer_available=_not_supported,
    shutdown=_not_a_socket,
    open=_not_supported,
    open_async=_default_open_async,
    add_inotify_filter=_default_add_inotify_filter,
    unlink=_not_supported,
    token_get=_not_supported,
    rename=_default_move,
    link=_default_move,
    dirent_iterator_init=_default_dirent_iterator_init,
    dirent_iterator_next=_not_supported,
    dirent_iterator_destroy=_default_dirent_iterator_destroy,
    isatty=_default_isatty,
    get_window_size=_not_supported,
    set_window_size=_not_supported,
    advisory_lock=_not_supported,
    watch_directory=_not_supported,
    bind=_not_a_socket,
    connect=_not_a_socket,
    listen=_not_a_socket,
    accept=_not_a_socket,
    getsockname=_not_a_socket,
    getpeername=_not_a_socket,
    getsockopt=_not_a_socket,
    setsockopt=_not_a_socket,
    recvmsg=_not_a_socket_message,
    sendmsg=_not_a_socket_message,
    ioctl=_default_ioctl,
)


def zxio_default_init(io: Zxio) -> int:
    """Make a default object; ZX_OK."""
    zxio_init(io, DEFAULT_OPS)
    return abi.ZX_OK


# ---- the null object -----------------------------------------------------------------------


def _null_readv(io: Zxio, vector: Vector, flags: int) -> int:
    if flags:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    return 0


def _null_writev(io: Zxio, vector: Vector, flags: int) -> int:
    if flags:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    return vector_size(vector)


_NULL_OPS = Ops(
    readv=_null_readv,
    writev=_null_writev,
)


def zxio_null_init(io: Zxio) -> int:
    """Make a null object; ZX_OK."""
    zxio_init(io, _NULL_OPS)
    return abi.ZX_OK

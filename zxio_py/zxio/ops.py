"""The table of operations that makes an object what it is, and the storage that holds one.

A type fills in what it supports; a member left None answers as the default object does
(`null`).  Members stand in the order of the interface.  An operation raises `ZxError` with a
failing status and returns its outputs in C order: None, one value or a tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from zxio_py.zxio.types import NodeAttributes

if TYPE_CHECKING:
    from zxio_py.zxio.system import System

_Nothing: TypeAlias = Callable[..., None] | None
_Number: TypeAlias = Callable[..., int] | None
_Pair: TypeAlias = Callable[..., tuple[int, int]] | None


@dataclass(frozen=True, slots=True)
class Ops:
    """One operation per member."""

    close: _Nothing = None
    release: _Number = None
    borrow: _Number = None
    clone: _Number = None
    wait_begin: _Pair = None
    wait_end: _Number = None
    sync: _Nothing = None
    attr_get: Callable[..., NodeAttributes] | None = None
    attr_set: _Nothing = None
    readv: _Number = None
    readv_at: _Number = None
    writev: _Number = None
    writev_at: _Number = None
    seek: _Number = None
    truncate: _Nothing = None
    flags_get: _Number = None
    flags_set: _Nothing = None
    vmo_get: _Number = None
    get_read_buffer_available: _Number = None
    shutdown: _Number = None
    open: _Nothing = None
    open_async: _Nothing = None
    add_inotify_filter: _Nothing = None
    unlink: _Nothing = None
    token_get: _Number = None
    rename: _Nothing = None
    link: _Nothing = None
    dirent_iterator_init: _Nothing = None
    dirent_iterator_next: _Nothing = None
    dirent_iterator_destroy: _Nothing = None
    isatty: Callable[..., bool] | None = None
    get_window_size: _Pair = None
    set_window_size: _Nothing = None
    advisory_lock: _Nothing = None
    watch_directory: _Nothing = None
    bind: _Number = None
    connect: _Number = None
    listen: _Number = None
    accept: _Number = None
    getsockname: _Number = None
    getpeername: _Number = None
    getsockopt: _Number = None
    setsockopt: _Number = None
    recvmsg: _Pair = None
    sendmsg: _Pair = None
    ioctl: _Number = None


class Zxio:
    """An object: its ops table, None while there is none, and what its type keeps."""

    __slots__ = ("ops", "state", "system")

    def __init__(self, system: System) -> None:
        self.ops: Ops | None = None
        self.state: Any = None
        self.system = system


class Storage:
    """Room for one object, provided by the caller, in the process of *system*."""

    __slots__ = ("io",)

    def __init__(self, system: System) -> None:
        self.io = Zxio(system)


def zxio_init(io: Zxio, ops: Ops | None) -> None:
    """Put an ops table into an object."""
    io.ops = ops


def zxio_get_ops(io: Zxio | None) -> Ops | None:
    """The ops table of an object; None for None, an unused object and a closed one."""
    return None if io is None else io.ops

"""A terminal behind a server (fuchsia.hardware.pty)."""

from __future__ import annotations

from typing import Any

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_SIGNAL_ERROR,
    ZXIO_SIGNAL_OUT_OF_BAND,
    ZXIO_SIGNAL_PEER_CLOSED,
    ZXIO_SIGNAL_READ_DISABLED,
    ZXIO_SIGNAL_READABLE,
    ZXIO_SIGNAL_WRITABLE,
)
from zxio_py.fidl import Method
from zxio_py.fidl.library.io_types import DeviceSignal
from zxio_py.fidl.library.pty import DEVICE, DeviceSetWindowSizeRequest, WindowSize
from zxio_py.fidl.library.unknown import CLONEABLE, CloneableClone2Request
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.file import file_readv, file_writev
from zxio_py.zxio.ops import Ops, Storage, Zxio, zxio_init
from zxio_py.zxio.owned import OwnedHandle
from zxio_py.zxio.remote import Remote, ask, remote_borrow, remote_close, remote_release
from zxio_py.zxio.transport import check, send


def _tty_clone(io: Zxio) -> int:
    """Another connection to the same terminal; nobody waits for it to come about."""
    remote: Remote = io.state
    near, far = io.system.channel_create()
    try:
        send(io.system, remote.channel.value, CLONEABLE["Clone2"], CloneableClone2Request(far))
    except ZxError:
        io.system.handle_close(near)
        raise
    return near


#: The last is the end of the event's other side.
_TTY_SIGNALS = (
    (ZXIO_SIGNAL_READABLE, DeviceSignal.READABLE),
    (ZXIO_SIGNAL_OUT_OF_BAND, DeviceSignal.OOB),
    (ZXIO_SIGNAL_WRITABLE, DeviceSignal.WRITABLE),
    (ZXIO_SIGNAL_ERROR, DeviceSignal.ERROR),
    (ZXIO_SIGNAL_PEER_CLOSED, DeviceSignal.HANGUP),
    (ZXIO_SIGNAL_READ_DISABLED, abi.ZX_EVENTPAIR_PEER_CLOSED),
)


def _tty_wait_begin(io: Zxio, zxio_signals: int) -> tuple[int, int]:
    remote: Remote = io.state
    return remote.event, sum(int(zx) for zxio, zx in _TTY_SIGNALS if zxio_signals & zxio)


def _tty_wait_end(io: Zxio, zx_signals: int) -> int:
    return sum(zxio for zxio, zx in _TTY_SIGNALS if zx_signals & zx)


def _tty_isatty(io: Zxio) -> bool:
    return True


def _ask_window(io: Zxio, method: Method, request: Any = None) -> Any:
    """Whatever goes wrong with windows, they are not supported; BAD_STATE after a release."""
    remote: Remote = io.state
    if remote.channel.value == abi.ZX_HANDLE_INVALID:
        raise ZxError(abi.ZX_ERR_BAD_STATE)
    try:
        reply = ask(io, method, request)
        check(reply.s if method.name == "SetWindowSize" else reply.status)
    except ZxError:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED) from None
    return reply


def _tty_get_window_size(io: Zxio) -> tuple[int, int]:
    size = _ask_window(io, DEVICE["GetWindowSize"]).size
    return size.width, size.height


def _tty_set_window_size(io: Zxio, width: int, height: int) -> None:
    size = WindowSize(width, height)
    _ask_window(io, DEVICE["SetWindowSize"], DeviceSetWindowSizeRequest(size))


_TTY_OPS = Ops(
    close=remote_close,
    release=remote_release,
    borrow=remote_borrow,
    clone=_tty_clone,
    wait_begin=_tty_wait_begin,
    wait_end=_tty_wait_end,
    readv=file_readv,
    writev=file_writev,
    isatty=_tty_isatty,
    get_window_size=_tty_get_window_size,
    set_window_size=_tty_set_window_size,
)


def tty_init(storage: Storage, channel: int, event: int) -> None:
    """Make a terminal, which owns the handles; *event* may be ZX_HANDLE_INVALID."""
    zxio_init(storage.io, _TTY_OPS)
    storage.io.state = Remote(OwnedHandle(channel), event)

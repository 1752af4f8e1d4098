"""Calls of a FIDL client over a channel.

Where the other side breaks the rules of FIDL the status is ZX_ERR_INVALID_ARGS, as for a value
that cannot be sent; a server that is gone is ZX_ERR_PEER_CLOSED.
"""

from __future__ import annotations

from typing import Any

from zxio_py import abi
from zxio_py.fidl import (
    DomainError,
    EpitaphError,
    Event,
    FidlError,
    HandleInfo,
    Method,
    Protocol,
    Struct,
    Table,
    TransactionError,
    Union,
    UnknownEvent,
    receive_event,
)
from zxio_py.fidl.handles import handles_in
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Zxio
from zxio_py.zxio.system import System


def call(system: System, channel: int, method: Method, request: Any = None) -> Any:
    """Ask, and wait for the answer: the method's response, or None.

    The error that the method's declaration has is raised as a status, whatever its number.
    """
    try:
        message = method.encode_request(request, owner=system)
        data, handles = system.channel_call(channel, message.data, message.handles)
        return method.decode_reply(data, handles, system)
    except DomainError as error:
        raise ZxError(error.error) from None
    except FidlError:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS) from None


def send(system: System, channel: int, method: Method, request: Any) -> None:
    """Ask for what has no answer."""
    try:
        message = method.encode_request(request, owner=system)
    except FidlError:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS) from None
    system.channel_write(channel, message.data, message.handles)


def wait_message(system: System, channel: int, deadline: int) -> tuple[bytes, list[HandleInfo]]:
    """The next message; TIMED_OUT at *deadline* (monotonic, ns), PEER_CLOSED after the last."""
    while True:
        try:
            return system.channel_read(channel)
        except ZxError as error:
            if error.status != abi.ZX_ERR_SHOULD_WAIT:
                raise
        signals = abi.ZX_CHANNEL_READABLE | abi.ZX_CHANNEL_PEER_CLOSED
        system.object_wait_one(channel, signals, deadline)


def wait_event(system: System, channel: int, protocol: Protocol) -> Event:
    """The next message, which must be an event of *protocol*.

    IO if it is something else; what an epitaph says; PEER_CLOSED.
    """
    data, handles = wait_message(system, channel, abi.ZX_TIME_INFINITE)
    try:
        event = receive_event(protocol, data, handles, system)
    except EpitaphError as error:
        raise ZxError(error.status) from None
    except TransactionError:
        raise ZxError(abi.ZX_ERR_IO) from None
    except FidlError:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS) from None
    if isinstance(event, UnknownEvent):
        raise ZxError(abi.ZX_ERR_IO)
    return event


def discard(system: System, value: Struct | Table | Union) -> None:
    """Close the handles in what was received and is of no use."""
    for handle in handles_in(value.fidl, value):
        system.handle_close(handle)


def check(status: int) -> None:
    """Raise the status that an answer begins with, unless it is ZX_OK."""
    if status != abi.ZX_OK:
        raise ZxError(status)


def text(io: Zxio, pointer: Any, length: int) -> str:
    """A path or name at *pointer*: bytes, text or an address; INVALID_ARGS unless it is UTF-8."""
    if isinstance(pointer, str):
        pointer = pointer.encode()
    try:
        return io.system.load(pointer, length).decode()
    except UnicodeDecodeError:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS) from None

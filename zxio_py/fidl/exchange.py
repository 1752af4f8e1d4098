"""What a side of a connection makes of a message that it reads.

A `TransactionError` or other `FidlError` means: close the connection, silently.  The handles of the
message are closed by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from zxio_py.fidl.codec import close_received
from zxio_py.fidl.errors import Code, EpitaphError, TransactionError
from zxio_py.fidl.message import HandleInfo, HandleOwner
from zxio_py.fidl.protocol import Kind, Method, Openness, Protocol, encode_unknown_method
from zxio_py.fidl.transaction import EPITAPH_ORDINAL, Header, decode_epitaph, decode_header

#: Makes a named tuple without the function that names its parts.
_NEW = tuple.__new__


class Call(NamedTuple):
    """A request for a method that the protocol has."""

    method: Method
    #: What the reply is to repeat; 0 for one-way methods.
    txid: int
    #: The arguments, an instance of the method's `request`; None if it takes none.
    value: Any


class UnknownCall(NamedTuple):
    """A flexible request for a method that the protocol has not, but bears."""

    ordinal: int
    #: What is to be sent back; None for one-way methods.
    reply: bytes | None


class Event(NamedTuple):
    """An event that the protocol has."""

    method: Method
    value: Any


class UnknownEvent(NamedTuple):
    """A flexible event that the protocol has not, but bears."""

    ordinal: int


def receive_request(
    protocol: Protocol,
    data: bytes,
    handles: Sequence[HandleInfo] = (),
    owner: HandleOwner | None = None,
) -> Call | UnknownCall:
    """What a server of *protocol* reads."""
    try:
        header = decode_header(data)
        method = protocol.requests.get(header.ordinal)
        if method is None:
            unknown = _unknown_call(protocol, header)
            close_received(handles, owner)
            return unknown
        if (method.kind is Kind.TWO_WAY) != bool(header.txid):
            raise TransactionError(Code.INVALID_TXID, f"{header.txid} for {method.full_name}")
    except TransactionError:
        close_received(handles, owner)
        raise
    return _NEW(Call, (method, header.txid, method.decode_request(data, handles, owner)))


def _unknown_call(protocol: Protocol, header: Header) -> UnknownCall:
    if header.txid:
        _check_borne(header, protocol.openness is Openness.OPEN)
        return UnknownCall(header.ordinal, encode_unknown_method(header))
    _check_borne(header, protocol.openness is not Openness.CLOSED)
    return UnknownCall(header.ordinal, None)


def _check_borne(header: Header, borne: bool) -> None:
    """Refuse a message that is strict or that the protocol does not bear."""
    if not (header.flexible and borne) or header.ordinal in (0, EPITAPH_ORDINAL):
        raise TransactionError(Code.UNEXPECTED_ORDINAL, f"{header.ordinal:#x}")


def receive_event(
    protocol: Protocol,
    data: bytes,
    handles: Sequence[HandleInfo] = (),
    owner: HandleOwner | None = None,
) -> Event | UnknownEvent:
    """What a client of *protocol* reads that is no reply; an epitaph is an `EpitaphError`."""
    try:
        header = decode_header(data)
        if header.txid:
            raise TransactionError(Code.INVALID_TXID, f"{header.txid} for an event")
        if header.ordinal == EPITAPH_ORDINAL:
            raise EpitaphError(decode_epitaph(data))
        method = protocol.events.get(header.ordinal)
        if method is None:
            _check_borne(header, protocol.openness is not Openness.CLOSED)
            close_received(handles, owner)
            return UnknownEvent(header.ordinal)
    except (TransactionError, EpitaphError):
        close_received(handles, owner)
        raise
    return Event(method, method.decode_request(data, handles, owner))

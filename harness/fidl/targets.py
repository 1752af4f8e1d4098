"""The servers that transactional cases speak to: one protocol of each openness.

They are those of FIDL's server suite (library fidl.serversuite).  Every two-way method answers from
its arguments alone, so that what a server must reply is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from zxio_py import abi
from zxio_py.fidl.codec import Encoded
from zxio_py.fidl.exchange import Call
from zxio_py.fidl.protocol import Openness, Protocol, event, one_way, two_way
from zxio_py.fidl.types import INT32, UINT8, UINT32, Handle, Text, Vector
from zxio_py.fidl.values import Int8, Int32, Struct, Table, Uint32, Union


class Empty(Struct):
    """No members."""


class Int8Struct(Struct):
    """One small number."""

    v: Int8


class Int8Table(Table):
    """The same in a table."""

    v: Annotated[Int8 | None, 1] = None


class Int8Union(Union):
    """The same in a union."""

    v: Annotated[Int8 | None, 1] = None


class TextStruct(Struct):
    """A string."""

    payload: Annotated[str, Text()]


class TextOrError(Union, strict=True):
    """What TwoWayResult is to answer."""

    payload: Annotated[str | None, 1, Text()] = None
    error: Annotated[Uint32 | None, 2] = None


class AnyHandle(Struct, resource=True):
    """A handle of any type and with any rights."""

    handle: Annotated[int, Handle()]


class SignalableEvent(Struct, resource=True):
    """An event that can be signalled."""

    handle: Annotated[int, Handle(abi.ZX_OBJ_TYPE_EVENT, abi.ZX_RIGHT_SIGNAL)]


class TransferableEvent(Struct, resource=True):
    """An event that can be signalled and sent on."""

    handle: Annotated[
        int, Handle(abi.ZX_OBJ_TYPE_EVENT, abi.ZX_RIGHT_TRANSFER | abi.ZX_RIGHT_SIGNAL)
    ]


class RightsStruct(Struct):
    """Rights of a handle."""

    rights: Uint32


class ByteVector(Struct):
    """Bytes without a limit."""

    vec: Annotated[bytes, Vector(UINT8)]


class EventVector(Struct, resource=True):
    """Events without a limit."""

    vec: Annotated[list[int], Vector(Handle(abi.ZX_OBJ_TYPE_EVENT))]


class Count(Struct):
    """A number of things."""

    n: Uint32


class ReplyWith(Struct):
    """What a method is to answer."""

    reply_with: Int32


class SomeField(Struct):
    """An answer."""

    some_field: Int32


class EmptyOrError(Union, strict=True):
    """Whether a method is to succeed."""

    reply_success: Annotated[Empty | None, 1] = None
    reply_error: Annotated[Int32 | None, 2] = None


class FieldOrError(Union, strict=True):
    """What a method is to answer, or its error."""

    reply_success: Annotated[Int32 | None, 1] = None
    reply_error: Annotated[Int32 | None, 2] = None


CLOSED_TARGET = Protocol(
    "fidl.serversuite/ClosedTarget",
    one_way("OneWayNoPayload"),
    two_way("TwoWayNoPayload"),
    two_way("TwoWayStructPayload", Int8Struct, Int8Struct),
    two_way("TwoWayTablePayload", Int8Table, Int8Table),
    two_way("TwoWayUnionPayload", Int8Union, Int8Union),
    two_way("TwoWayResult", TextOrError, TextStruct, error=UINT32),
    two_way("GetHandleRights", AnyHandle, RightsStruct),
    two_way("GetSignalableEventRights", SignalableEvent, RightsStruct),
    two_way("EchoAsTransferableSignalableEvent", AnyHandle, TransferableEvent),
    two_way("ByteVectorSize", ByteVector, Count),
    two_way("HandleVectorSize", EventVector, Count),
    two_way("CreateNByteVector", Count, ByteVector),
    two_way("CreateNHandleVector", Count, EventVector),
)

AJAR_TARGET = Protocol("fidl.serversuite/AjarTarget", openness=Openness.AJAR)

OPEN_TARGET = Protocol(
    "fidl.serversuite/OpenTarget",
    event("StrictEvent"),
    event("FlexibleEvent", flexible=True),
    one_way("StrictOneWay"),
    one_way("FlexibleOneWay", flexible=True),
    two_way("StrictTwoWay"),
    two_way("StrictTwoWayFields", ReplyWith, SomeField),
    two_way("StrictTwoWayErr", EmptyOrError, error=INT32),
    two_way("StrictTwoWayFieldsErr", FieldOrError, SomeField, error=INT32),
    two_way("FlexibleTwoWay", flexible=True),
    two_way("FlexibleTwoWayFields", ReplyWith, SomeField, flexible=True),
    two_way("FlexibleTwoWayErr", EmptyOrError, error=INT32, flexible=True),
    two_way("FlexibleTwoWayFieldsErr", FieldOrError, SomeField, error=INT32, flexible=True),
    openness=Openness.OPEN,
)

TARGETS: Mapping[str, Protocol] = {
    "closed": CLOSED_TARGET,
    "ajar": AJAR_TARGET,
    "open": OPEN_TARGET,
}


#: A vector of so many bytes is refused like any larger one.
_MORE_THAN_FITS = abi.ZX_CHANNEL_MAX_MSG_BYTES

#: What a method answers to its arguments, by their class.
_RESPONSES: Mapping[type, Callable[[Any], Any]] = {
    Int8Struct: lambda value: value,
    Int8Table: lambda value: value,
    Int8Union: lambda value: value,
    TextOrError: lambda value: TextStruct(value.payload),
    ByteVector: lambda value: Count(len(value.vec)),
    EventVector: lambda value: Count(len(value.vec)),
    Count: lambda value: ByteVector(bytes(min(value.n, _MORE_THAN_FITS))),
    ReplyWith: lambda value: SomeField(value.reply_with),
    EmptyOrError: lambda value: None,
    FieldOrError: lambda value: SomeField(value.reply_success),
}

#: Methods that answer with handles, or tell of them, which a case does not have.
_NEED_HANDLES = frozenset(
    {
        "GetHandleRights",
        "GetSignalableEventRights",
        "EchoAsTransferableSignalableEvent",
        "CreateNHandleVector",
    }
)


def answer(call: Call) -> Encoded | None:
    """What the target replies to a two-way call; None if that takes handles."""
    method, value, txid = call.method, call.value, call.txid
    if method.name in _NEED_HANDLES:
        return None
    error = getattr(value, "reply_error", None)
    if isinstance(value, TextOrError):
        error = value.error
    if error is not None:
        return method.encode_error(error, txid)
    response = None if method.request is None else _RESPONSES[method.request](value)
    return method.encode_reply(response, txid)

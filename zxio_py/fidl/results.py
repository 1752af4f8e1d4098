"""Replies that are a union of success and failure.

Success is the common case: it goes past the union's own functions, which look for the member that
is set and make an object of it.
"""

from __future__ import annotations

from struct import Struct as Form
from typing import Any, NamedTuple

from zxio_py.fidl.decoder import Decode, check_marker, decoder_of, envelope_decoder
from zxio_py.fidl.encoder import Encode, Handles, envelope_encoder
from zxio_py.fidl.message import Message
from zxio_py.fidl.types import INT32, Enum, Member, Primitive, Type, UnionType

#: What a flexible method answers where it is not known: ZX_ERR_NOT_SUPPORTED.
UNKNOWN_METHOD = -2

_SUCCESS, _ERROR, _FRAMEWORK_ERROR = 1, 2, 3

#: What a successful result begins with: the ordinal before the envelope.
SUCCESS_HEAD = _SUCCESS.to_bytes(8, "little")

_FRAMEWORK_ERRORS = Enum("FrameworkError", INT32, (UNKNOWN_METHOD,), strict=True)

_WORD = Form("<Q").pack_into
_UNION = Form("<QIHH").unpack_from


class Failure(NamedTuple):
    """A reply that is no success."""

    #: The method's own error; None if the method is not known to the server.
    error: int | None


def result_type(
    name: str, response: Type, error: Primitive | Enum | None, flexible: bool, resource: bool
) -> UnionType:
    """The union that a method's replies are."""
    members = [Member("response", response, _SUCCESS)]
    if error is not None:
        members.append(Member("err", error, _ERROR))
    if flexible:
        members.append(Member("framework_err", _FRAMEWORK_ERRORS, _FRAMEWORK_ERROR))
    return UnionType(name, members, strict=True, resource=resource)


def result_encoder(type: UnionType) -> Encode:
    """A function that encodes a response as success, and a `Failure` as such."""
    envelopes = {member.ordinal: envelope_encoder(member.type) for member in type.members}
    success = envelopes[_SUCCESS]

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value.__class__ is not Failure:
            _WORD(out, at, _SUCCESS)
            success(value, out, at + 8, handles, depth)
        elif value.error is None:
            _WORD(out, at, _FRAMEWORK_ERROR)
            envelopes[_FRAMEWORK_ERROR](UNKNOWN_METHOD, out, at + 8, handles, depth)
        else:
            _WORD(out, at, _ERROR)
            envelopes[_ERROR](value.error, out, at + 8, handles, depth)

    return encode


def result_decoder(type: UnionType) -> Decode:
    """A function that decodes to the response, or to a `Failure`."""
    success = envelope_decoder(type.members[0].type, resource=type.resource)
    others = decoder_of(type)

    def decode(message: Message, at: int, depth: int) -> Any:
        ordinal, num_bytes, num_handles, marker = _UNION(message.data, at)
        if ordinal == _SUCCESS and (num_bytes or num_handles or marker):
            check_marker(num_bytes, marker)
            return success(message, at + 8, num_bytes, num_handles, marker, depth)
        result = others(message, at, depth)
        return Failure(getattr(result, "err", None))

    return decode

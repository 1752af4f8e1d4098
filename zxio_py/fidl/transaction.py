"""The header of a transactional message, epitaphs, and values at rest."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Form
from typing import Any, Final, NamedTuple

from zxio_py import abi
from zxio_py.fidl.codec import Codec, Encoded, UnknownPolicy, close_received
from zxio_py.fidl.decoder import HandleInfo, HandleOwner
from zxio_py.fidl.errors import Code, DeclarationError, FidlError, TransactionError

#: Bytes of a header.
HEADER_SIZE: Final = 16

#: The ordinal of an epitaph, which no method can have.
EPITAPH_ORDINAL: Final = (1 << 64) - 1

MAGIC: Final = 1
#: The at-rest flag of the wire format v2; a peer that does not set it speaks an older one.
V2_FLAG: Final = 0x02
#: The dynamic flag of flexible methods.
FLEXIBLE_FLAG: Final = 0x80

#: txid, two bytes of at-rest flags, dynamic flags, magic, ordinal.
_HEADER = Form("<IBBBBQ")
_EPITAPH = Form("<IBBBBQi4x")
#: Zero, magic, at-rest flags, four zeros.
_AT_REST_HEAD = bytes((0, MAGIC, V2_FLAG, 0, 0, 0, 0, 0))


class Header(NamedTuple):
    """What the header of a message says; flags that nobody knows are not part of it."""

    #: 0 for one-way calls and events, else what a reply repeats.
    txid: int
    ordinal: int
    flexible: bool


def encode_header(txid: int, ordinal: int, flexible: bool) -> bytes:
    """The 16 bytes before a body."""
    return _HEADER.pack(txid, V2_FLAG, 0, FLEXIBLE_FLAG if flexible else 0, MAGIC, ordinal)


def decode_header(data: bytes) -> Header:
    """The header of a received message; `TransactionError` if the connection is to be closed.

    Only magic and wire format are judged: flags are for changes that older peers need not know.
    """
    if len(data) < HEADER_SIZE:
        raise TransactionError(Code.INVALID_HEADER, f"{len(data)} bytes")
    txid, at_rest, _, dynamic, magic, ordinal = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise TransactionError(Code.INVALID_HEADER, f"magic number {magic}")
    if not at_rest & V2_FLAG:
        raise TransactionError(Code.UNSUPPORTED_WIRE_FORMAT, f"at-rest flags {at_rest:#x}")
    return Header(txid, ordinal, bool(dynamic & FLEXIBLE_FLAG))


def encode_epitaph(status: int) -> bytes:
    """The last message of a server that closes a connection because of *status*."""
    return _EPITAPH.pack(0, V2_FLAG, 0, 0, MAGIC, EPITAPH_ORDINAL, status)


def decode_epitaph(data: bytes) -> int:
    """The status in a message with the ordinal of an epitaph."""
    if len(data) != _EPITAPH.size:
        raise TransactionError(Code.INVALID_HEADER, f"an epitaph of {len(data)} bytes")
    if data[-4:] != bytes(4):
        raise TransactionError(Code.INVALID_PADDING_BYTE, "epitaph")
    status: int = _EPITAPH.unpack(data)[-1]
    return status


def check_limits(message: Encoded, owner: HandleOwner | None) -> Encoded:
    """*message* if a channel takes it; else close its handles, and MESSAGE_TOO_LARGE."""
    size, count = len(message.data), len(message.handles)
    if size > abi.ZX_CHANNEL_MAX_MSG_BYTES or count > abi.ZX_CHANNEL_MAX_MSG_HANDLES:
        if owner is not None:
            for disposition in message.handles:
                owner.handle_close(disposition.handle)
        raise FidlError(Code.MESSAGE_TOO_LARGE, f"{size} bytes and {count} handles")
    return message


def persist(codec: Codec, value: Any) -> bytes:
    """*value* for storage: eight bytes that name the wire format, then the body."""
    return codec.encode(value, head=_at_rest_head(codec)).data


def unpersist(codec: Codec, data: bytes, unknown: UnknownPolicy = "drop") -> Any:
    """The value that `persist` stored."""
    head = _at_rest_head(codec)
    if len(data) < len(head) or data[1] != MAGIC:
        raise TransactionError(Code.INVALID_HEADER, f"{len(data)} bytes at rest")
    if not data[2] & V2_FLAG:
        raise TransactionError(Code.UNSUPPORTED_WIRE_FORMAT, f"at-rest flags {data[2]:#x}")
    return codec.decode(data, start=len(head), unknown=unknown)


def _at_rest_head(codec: Codec) -> bytes:
    if codec.type.resource:
        raise DeclarationError(f"{codec.name} has handles: it cannot be stored")
    return _AT_REST_HEAD


def refuse_body(
    data: bytes, handles: Sequence[HandleInfo], owner: HandleOwner | None, name: str
) -> None:
    """Check that a message of which nothing is expected behind the header has nothing there."""
    if len(data) > HEADER_SIZE or handles:
        close_received(handles, owner)
        few = len(data) > HEADER_SIZE
        code = Code.TOO_MANY_BYTES_IN_MESSAGE if few else Code.TOO_MANY_HANDLES_IN_MESSAGE
        raise FidlError(code, name)

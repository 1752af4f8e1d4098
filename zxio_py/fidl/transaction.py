"""The header of a transactional message, epitaphs, and values at rest."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Form
from typing import Any, Final, NamedTuple

from zxio_py import abi
from zxio_py.fidl.codec import Codec, Encoded, UnknownPolicy, close_received
from zxio_py.fidl.errors import (
    Code,
    DeclarationError,
    FidlError,
    TransactionError,
    UnsuitableValueError,
)
from zxio_py.fidl.message import HandleInfo, HandleOwner
from zxio_py.fidl.types import StructType, TableType, UnionType

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
_TXID = Form("<I").pack_into

_MAX_BYTES = abi.ZX_CHANNEL_MAX_MSG_BYTES
_MAX_TXID = (1 << 32) - 1
_MAX_HANDLES = abi.ZX_CHANNEL_MAX_MSG_HANDLES
#: Zero, magic, at-rest flags, four zeros.
_AT_REST_HEAD = bytes((0, MAGIC, V2_FLAG, 0, 0, 0, 0, 0))


#: Makes a named tuple without the function that names its parts.
_NEW = tuple.__new__


class Header(NamedTuple):
    """What the header of a message says; flags that nobody knows are not part of it."""

    #: 0 for one-way calls and events, else what a reply repeats.
    txid: int
    ordinal: int
    flexible: bool


def encode_header(txid: int, ordinal: int, flexible: bool) -> bytes:
    """The 16 bytes before a body."""
    if not 0 <= txid <= _MAX_TXID:
        raise UnsuitableValueError(f"txid {txid}")
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
    return _NEW(Header, (txid, ordinal, bool(dynamic & FLEXIBLE_FLAG)))


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


class MessageCodec(Codec):
    """Whole messages of a method: a header, known but for its txid, and a body."""

    def encode_message(self, value: Any, txid: int, owner: HandleOwner | None = None) -> Encoded:
        """The message; MESSAGE_TOO_LARGE for what a channel does not take."""
        out = bytearray(self._template)
        if not 0 <= txid <= _MAX_TXID:
            self._close_handles(value, owner)
            raise UnsuitableValueError(f"txid {txid}")
        _TXID(out, 0, txid)
        message = self._fill(out, value, owner)
        if len(out) > _MAX_BYTES or len(message.handles) > _MAX_HANDLES:
            self._close_handles(value, owner)
            raise FidlError(
                Code.MESSAGE_TOO_LARGE, f"{len(out)} bytes and {len(message.handles)} handles"
            )
        return message


class StorageCodec(Codec):
    """Values at rest: eight bytes that name the wire format, then the body."""

    def __init__(self, type: StructType | TableType | UnionType) -> None:
        if type.resource:
            raise DeclarationError(f"{type.name} has handles: it cannot be stored")
        super().__init__(type, head=_AT_REST_HEAD)

    def decode(
        self,
        data: bytes,
        handles: Sequence[HandleInfo] = (),
        owner: HandleOwner | None = None,
        unknown: UnknownPolicy = "drop",
    ) -> Any:
        """The value that was stored."""
        if len(data) < len(_AT_REST_HEAD) or data[1] != MAGIC:
            raise TransactionError(Code.INVALID_HEADER, f"{len(data)} bytes at rest")
        if not data[2] & V2_FLAG:
            raise TransactionError(Code.UNSUPPORTED_WIRE_FORMAT, f"at-rest flags {data[2]:#x}")
        return super().decode(data, handles, owner, unknown)


def refuse_body(
    data: bytes, handles: Sequence[HandleInfo], owner: HandleOwner | None, name: str
) -> None:
    """Check that a message of which nothing is expected behind the header has nothing there."""
    if len(data) > HEADER_SIZE or handles:
        close_received(handles, owner)
        if len(data) > HEADER_SIZE:
            raise FidlError(Code.TOO_MANY_BYTES_IN_MESSAGE, name)
        raise FidlError(Code.TOO_MANY_HANDLES_IN_MESSAGE, name)

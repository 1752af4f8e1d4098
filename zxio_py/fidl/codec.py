"""Encoding and decoding of whole bodies; whatever fails, no handle is lost or closed twice.

    codec = Codec(NodeAttributes.fidl)
    encoded = codec.encode(NodeAttributes(...))
    value = codec.decode(encoded.data)

The rules are those of the wire format v2.  A body has at most 2^32 - 1 elements anywhere; what a
channel carries is the business of `transaction`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import error as StructError
from typing import Any, Literal, NamedTuple, TypeAlias

from zxio_py.fidl.decoder import Decode, decoder_of
from zxio_py.fidl.encoder import Encode, encoder_of
from zxio_py.fidl.errors import Code, FidlError, UnsuitableValueError
from zxio_py.fidl.handles import handles_in
from zxio_py.fidl.layout import padded, size_of
from zxio_py.fidl.message import HandleDisposition, HandleInfo, HandleOwner, Message
from zxio_py.fidl.types import StructType, TableType, Type, UnionType

#: What becomes of members that a table or flexible union does not know: *drop* closes their handles
#: and forgets them (C++, Rust), *store* keeps bytes and handles for encoding again (Dart, Go).
UnknownPolicy: TypeAlias = Literal["drop", "store"]


class Encoded(NamedTuple):
    """A message ready to be written."""

    data: bytes
    handles: list[HandleDisposition]


class Codec:
    """Encodes and decodes bodies of one type; its functions are made once."""

    def __init__(
        self,
        type: StructType | TableType | UnionType,
        *,
        head: bytes = b"",
        encode: Encode | None = None,
        decode: Decode | None = None,
        values: Type | None = None,
    ) -> None:
        """*head* (whole words) stands before every body.

        *encode* and *decode* take the place of the type's own functions, *values* is the type of
        what they take and give.
        """
        self.type = type
        self._values = values or type
        self.name = type.name
        self._size = size_of(type)
        self._start = len(head)
        #: What every message begins with: head, and room for the primary object.
        self._template = head + bytes(padded(self._size))
        self._encode = encode or encoder_of(type)
        self._decode = decode or decoder_of(type)

    def encode(self, value: Any, owner: HandleOwner | None = None) -> Encoded:
        """The message with *value*.

        The handles of *value* are moved into the message; if this fails (`FidlError`), they are
        closed in the name of *owner*.
        """
        return self._fill(bytearray(self._template), value, owner)

    def _fill(self, out: bytearray, value: Any, owner: HandleOwner | None) -> Encoded:
        handles: list[HandleDisposition] = []
        try:
            self._encode(value, out, self._start, handles, 0)
        except FidlError:
            self._close_handles(value, owner)
            raise
        except (StructError, TypeError, AttributeError, OverflowError, ValueError) as error:
            self._close_handles(value, owner)
            raise UnsuitableValueError(f"{self.name}: {error}") from error
        return Encoded(bytes(out), handles)

    def decode(
        self,
        data: bytes,
        handles: Sequence[HandleInfo] = (),
        owner: HandleOwner | None = None,
        unknown: UnknownPolicy = "drop",
    ) -> Any:
        """The value of the body in *data*, which begins with a head that is not looked at.

        *owner* closes handles that nobody will have, and reduces rights to the declared ones;
        without handles it is not needed.  After an error (`FidlError`) all are closed.
        """
        message = Message(data, self._start)
        if handles:
            message.take(handles, owner)
        if unknown == "store":
            message.store = True
        done = False
        try:
            if len(self._template) > message.end:
                raise self._error(
                    Code.TOO_FEW_BYTES_IN_PRIMARY_OBJECT, message.end - self._start, "bytes for"
                )
            value = self._decode(message, message.claim(self._size, 0), 0)
            if message.next != message.end:
                left = message.end - message.next
                raise self._error(Code.TOO_MANY_BYTES_IN_MESSAGE, left, "bytes behind")
            if message.used != len(handles):
                left = len(handles) - message.used
                raise self._error(Code.TOO_MANY_HANDLES_IN_MESSAGE, left, "handles behind")
            done = True
        finally:
            if not done:
                message.close_all()
        return value

    def _close_handles(self, value: Any, owner: HandleOwner | None) -> None:
        """Close every handle in *value*, once."""
        if owner is not None:
            for handle in handles_in(self._values, value):
                owner.handle_close(handle)

    def _error(self, code: Code, count: int, what: str) -> FidlError:
        return FidlError(code, f"{count} {what} {self.name}")


def close_received(handles: Iterable[HandleInfo], owner: HandleOwner | None) -> None:
    """Close the handles of a message that is not decoded."""
    if owner is not None:
        for info in handles:
            owner.handle_close(info[0])

"""Protocols and their methods, declared once.

    READABLE = Protocol(
        "fuchsia.io/Readable",
        two_way("Read", CountRequest, DataReply, error=STATUS, selector="fuchsia.io/File.Read"),
    )
    READABLE["Read"].ordinal

An ordinal is not written down: it is the hash of the method's full name, which the protocol that
declares it gives, or its selector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum as PythonEnum
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeAlias

from zxio_py.fidl.bytesmessage import DecodeBytes, EncodeBytes, bytes_functions
from zxio_py.fidl.codec import Codec, Encoded, close_received
from zxio_py.fidl.errors import (
    Code,
    DeclarationError,
    DomainError,
    EpitaphError,
    TransactionError,
    UnknownMethodError,
)
from zxio_py.fidl.message import HandleInfo, HandleOwner
from zxio_py.fidl.results import SUCCESS_HEAD, Failure, result_decoder, result_encoder, result_type
from zxio_py.fidl.transaction import (
    EPITAPH_ORDINAL,
    HEADER_SIZE,
    Header,
    MessageCodec,
    decode_epitaph,
    decode_header,
    encode_header,
    refuse_body,
)
from zxio_py.fidl.types import INT32, UINT32, Enum, Primitive, StructType
from zxio_py.fidl.values import Struct, Table, Union, record_of

#: A class of payloads: arguments of a method, or what it answers.
Payload: TypeAlias = type[Struct] | type[Table] | type[Union]

#: What a success without a response is.
EMPTY = StructType("Empty", ())

#: Bits of an ordinal: the top one is for control messages.
_ORDINAL_MASK = (1 << 63) - 1


def ordinal_of(name: str) -> int:
    """The ordinal of the method with the full name ``library/Protocol.Method``."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "little") & _ORDINAL_MASK


class Kind(PythonEnum):
    """Who speaks, and whether there is an answer."""

    ONE_WAY = "one-way"
    TWO_WAY = "two-way"
    EVENT = "event"


class Openness(PythonEnum):
    """Which unknown methods a protocol bears: none, one-way ones and events, all."""

    CLOSED = "closed"
    AJAR = "ajar"
    OPEN = "open"


@dataclass(frozen=True)
class Method:
    """A method or event; `Protocol` gives it its full name."""

    name: str
    kind: Kind
    #: What is sent: by the client, or by the server with an event.
    request: Payload | None = None
    response: Payload | None = None
    error: Primitive | Enum | None = None
    flexible: bool = False
    selector: str = ""
    #: ``library/Protocol``; empty until a protocol has it.
    protocol: str = ""

    def __post_init__(self) -> None:
        base = self.error.base if isinstance(self.error, Enum) else self.error
        if base not in (None, INT32, UINT32):
            raise DeclarationError(f"{self.name}: an error is an int32, a uint32 or an enum of one")

    @property
    def hashed_name(self) -> str:
        """The string whose hash is the ordinal."""
        if "/" in self.selector:
            return self.selector
        return f"{self.protocol}.{self.selector or self.name}"

    @cached_property
    def full_name(self) -> str:
        """Protocol and name, for people."""
        return f"{self.protocol}.{self.name}"

    @cached_property
    def ordinal(self) -> int:
        """What messages carry."""
        return ordinal_of(self.hashed_name)

    # Requests and events -------------------------------------------------------------------

    @cached_property
    def _head(self) -> bytes:
        return encode_header(0, self.ordinal, self.flexible)

    @cached_property
    def _request(self) -> MessageCodec | None:
        return None if self.request is None else MessageCodec(self.request.fidl, head=self._head)

    @cached_property
    def _bytes_request(self) -> tuple[EncodeBytes, DecodeBytes] | None:
        """The short way for requests, if there is one."""
        if self.request is None or not issubclass(self.request, Struct):
            return None
        return bytes_functions(self.request.fidl, self._head, enveloped=False)

    def encode_request(
        self, value: Any = None, txid: int = 0, owner: HandleOwner | None = None
    ) -> Encoded:
        """The message of a call (*txid* 0 if it is one-way) or of an event.

        *value* is an instance of `request`, None for a method without arguments.
        """
        short = self._bytes_request
        if short is not None:
            message = short[0](value, txid)
            if message is not None:
                return _NEW(Encoded, (message, []))
        if self._request is None:
            return self._header_only(txid)
        return self._request.encode_message(value, txid, owner)

    def decode_request(
        self, data: bytes, handles: Sequence[HandleInfo] = (), owner: HandleOwner | None = None
    ) -> Any:
        """The arguments in a message whose header is known to be this method's."""
        short = self._bytes_request
        if short is not None and not handles:
            value = short[1](data, None)
            if value is not None:
                return value
        if self._request is None:
            return refuse_body(data, handles, owner, self.full_name)
        return self._request.decode(data, handles, owner)

    def _header_only(self, txid: int) -> Encoded:
        return Encoded(encode_header(txid, self.ordinal, self.flexible), [])

    # Replies -------------------------------------------------------------------------------

    @cached_property
    def has_result(self) -> bool:
        """Whether a reply is a union of success and failure."""
        return self.kind is Kind.TWO_WAY and (self.flexible or self.error is not None)

    @cached_property
    def _reply(self) -> MessageCodec | None:
        """What encodes and decodes replies; None if they are just a header."""
        response = EMPTY if self.response is None else self.response.fidl
        if not self.has_result:
            return None if self.response is None else MessageCodec(response, head=self._head)
        result = result_type(
            f"{self.name}Result", response, self.error, self.flexible, response.resource
        )
        return MessageCodec(
            result,
            head=self._head,
            encode=result_encoder(result),
            decode=result_decoder(result),
            values=response,
        )

    @cached_property
    def _bytes_reply(self) -> tuple[EncodeBytes, DecodeBytes] | None:
        """The short way for replies, if there is one."""
        if self.response is None or not issubclass(self.response, Struct):
            return None
        head = self._head + SUCCESS_HEAD if self.has_result else self._head
        return bytes_functions(self.response.fidl, head, enveloped=self.has_result)

    def encode_reply(
        self, value: Any = None, txid: int = 0, owner: HandleOwner | None = None
    ) -> Encoded:
        """The message of a successful reply; *value* is an instance of `response`, or None."""
        short = self._bytes_reply
        if short is not None:
            message = short[0](value, txid)
            if message is not None:
                return _NEW(Encoded, (message, []))
        if self._reply is None:
            return self._header_only(txid)
        if value is None and self.response is None:
            value = _NOTHING
        return self._reply.encode_message(value, txid, owner)

    def encode_error(self, error: int, txid: int = 0) -> Encoded:
        """The message of a reply with the error that the declaration has."""
        if self.error is None or self._reply is None:
            raise DeclarationError(f"{self.full_name} has no error")
        return self._reply.encode_message(Failure(error), txid)

    def decode_reply(
        self,
        data: bytes,
        handles: Sequence[HandleInfo] = (),
        owner: HandleOwner | None = None,
        txid: int | None = None,
    ) -> Any:
        """The answer in a reply: an instance of `response`, or None.

        The method's own error is a `DomainError`, a server that does not know it an
        `UnknownMethodError`, a server that closes an `EpitaphError`.  The header must have this
        method's ordinal and, if given, *txid*.
        """
        short = self._bytes_reply
        if short is not None and not handles:
            value = short[1](data, txid)
            if value is not None:
                return value
        same_txid = txid is None or data[:4] == txid.to_bytes(4, "little")
        if not same_txid or data[4:HEADER_SIZE] != self._head[4:]:
            self._check_reply_header(data, handles, owner, txid)
        if self._reply is None:
            return refuse_body(data, handles, owner, self.full_name)
        value = self._reply.decode(data, handles, owner)
        if value.__class__ is Failure:
            if value.error is None:
                raise UnknownMethodError(self.full_name)
            raise DomainError(self.full_name, value.error)
        return None if self.response is None else value

    def _check_reply_header(
        self,
        data: bytes,
        handles: Sequence[HandleInfo],
        owner: HandleOwner | None,
        txid: int | None,
    ) -> None:
        """Judge a header that is not as ours would be: flags may differ."""
        try:
            header = decode_header(data)
            if header.ordinal == EPITAPH_ORDINAL:
                raise EpitaphError(decode_epitaph(data))
            if header.ordinal != self.ordinal:
                raise TransactionError(Code.UNEXPECTED_ORDINAL, f"{header.ordinal:#x}")
            if txid is not None and header.txid != txid:
                raise TransactionError(Code.INVALID_TXID, f"{header.txid} for {txid}")
        except (TransactionError, EpitaphError):
            close_received(handles, owner)
            raise


#: A named tuple without the function that names its parts: half the time of a short message.
_NEW = tuple.__new__

_NOTHING = record_of(EMPTY)()

_UNKNOWN_RESULT = result_type("UnknownResult", EMPTY, None, flexible=True, resource=False)


def encode_unknown_method(header: Header) -> bytes:
    """What a server answers to a flexible two-way request that it does not know."""
    head = encode_header(header.txid, header.ordinal, flexible=True)
    codec = Codec(_UNKNOWN_RESULT, head=head, encode=result_encoder(_UNKNOWN_RESULT))
    return codec.encode(Failure(None)).data


def one_way(
    name: str, request: Payload | None = None, *, flexible: bool = False, selector: str = ""
) -> Method:
    """A method without an answer."""
    return Method(name, Kind.ONE_WAY, request, flexible=flexible, selector=selector)


def two_way(
    name: str,
    request: Payload | None = None,
    response: Payload | None = None,
    *,
    error: Primitive | Enum | None = None,
    flexible: bool = False,
    selector: str = "",
) -> Method:
    """A method that is answered; with *error* the answer is a success or that error."""
    return Method(name, Kind.TWO_WAY, request, response, error, flexible, selector)


def event(
    name: str, payload: Payload | None = None, *, flexible: bool = False, selector: str = ""
) -> Method:
    """What a server says unasked."""
    return Method(name, Kind.EVENT, payload, flexible=flexible, selector=selector)


class Protocol:
    """A protocol: its own methods and those it composes, which keep their ordinals."""

    def __init__(
        self,
        name: str,
        *methods: Method,
        compose: Sequence[Protocol] = (),
        openness: Openness = Openness.CLOSED,
    ) -> None:
        """*name* is ``library/Protocol``."""
        self.name = name
        self.openness = openness
        own = [
            Method(**{**_fields(method), "protocol": method.protocol or name}) for method in methods
        ]
        composed = [method for other in compose for method in other.methods.values()]
        #: Every method and event by name.
        self.methods: Mapping[str, Method] = _unique(name, own, composed)
        #: What a client may send, by ordinal.
        self.requests: Mapping[int, Method] = self._by_ordinal(events=False)
        #: What a server may say unasked, by ordinal.
        self.events: Mapping[int, Method] = self._by_ordinal(events=True)

    def __repr__(self) -> str:
        return f"<protocol {self.name}>"

    def __getitem__(self, name: str) -> Method:
        return self.methods[name]

    def _by_ordinal(self, *, events: bool) -> dict[int, Method]:
        return {
            method.ordinal: method
            for method in self.methods.values()
            if (method.kind is Kind.EVENT) == events
        }


def _fields(method: Method) -> dict[str, Any]:
    return {name: getattr(method, name) for name in method.__dataclass_fields__}


def _unique(protocol: str, own: Sequence[Method], composed: Sequence[Method]) -> dict[str, Method]:
    """Methods by name; the same one may be composed twice, two of one name may not."""
    methods: dict[str, Method] = {}
    for method in (*own, *composed):
        other = methods.setdefault(method.name, method)
        if other is not method and other.hashed_name != method.hashed_name:
            raise DeclarationError(f"{protocol}: {method.name} twice")
    ordinals = [method.ordinal for method in methods.values()]
    if len(set(ordinals)) != len(ordinals):
        raise DeclarationError(f"{protocol}: two methods have one ordinal")
    return methods

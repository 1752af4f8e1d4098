"""FIDL: the wire format v2, and the protocols that zxio speaks.

A struct, table or union is a Python class with annotations (`values`); a protocol is declared once,
its ordinals computed (`protocol`).  A `Codec` encodes and decodes one type, checks every byte, and
names errors as FIDL's conformance suite does (`errors.Code`).

    class Point(Struct):
        x: Int32
        y: Int32

    codec = Codec(Point.fidl)
    data, handles = codec.encode(Point(1, 2))
    point = codec.decode(data)

Handles are zx_handle_t values.  Encoding moves them into the message; decoding checks their type
and reduces their rights to the declared ones, in the name of an owner with `handle_close` and
`handle_replace`, such as `zxio_py.kernel.Door`.  Whatever fails, each handle is closed once.
Nothing here reads or writes channels.
"""

from zxio_py.fidl.codec import Codec, Encoded, UnknownPolicy, close_received
from zxio_py.fidl.errors import (
    Code,
    DeclarationError,
    DomainError,
    EpitaphError,
    FidlError,
    TransactionError,
    UnknownMethodError,
    UnsuitableValueError,
)
from zxio_py.fidl.exchange import (
    Call,
    Event,
    UnknownCall,
    UnknownEvent,
    receive_event,
    receive_request,
)
from zxio_py.fidl.message import (
    HandleDisposition,
    HandleInfo,
    HandleOwner,
    pack_dispositions,
    unpack_infos,
)
from zxio_py.fidl.protocol import (
    Kind,
    Method,
    Openness,
    Protocol,
    event,
    one_way,
    ordinal_of,
    two_way,
)
from zxio_py.fidl.transaction import (
    HEADER_SIZE,
    Header,
    StorageCodec,
    decode_header,
    encode_epitaph,
    encode_header,
)
from zxio_py.fidl.values import Struct, Table, Union, Unknown, unknown_members, which

__all__ = [
    "HEADER_SIZE",
    "Call",
    "Code",
    "Codec",
    "DeclarationError",
    "DomainError",
    "Encoded",
    "EpitaphError",
    "Event",
    "FidlError",
    "HandleDisposition",
    "HandleInfo",
    "HandleOwner",
    "Header",
    "Kind",
    "Method",
    "Openness",
    "Protocol",
    "StorageCodec",
    "Struct",
    "Table",
    "TransactionError",
    "Union",
    "Unknown",
    "UnknownCall",
    "UnknownEvent",
    "UnknownMethodError",
    "UnknownPolicy",
    "UnsuitableValueError",
    "close_received",
    "decode_header",
    "encode_epitaph",
    "encode_header",
    "event",
    "one_way",
    "ordinal_of",
    "pack_dispositions",
    "receive_event",
    "receive_request",
    "two_way",
    "unknown_members",
    "unpack_infos",
    "which",
]

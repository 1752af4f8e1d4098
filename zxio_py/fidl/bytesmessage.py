"""A short way for messages that are numbers and one vector of bytes: what is read and written.

It knows only how such a message looks when nothing is wrong with it.  Whatever looks different, on
either side, it declines (None), and the general way decides.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from struct import Struct as Form
from struct import error as StructError
from typing import Any, NamedTuple, TypeAlias

from zxio_py import abi
from zxio_py.fidl.functions import is_byte, number_code
from zxio_py.fidl.layout import layout_of, size_of
from zxio_py.fidl.message import PRESENT
from zxio_py.fidl.types import StructType, Type, Vector
from zxio_py.fidl.values import record_of

#: (value, txid) -> message
EncodeBytes: TypeAlias = Callable[[Any, int], bytes | None]
#: (message, txid that it must have, if any) -> value
DecodeBytes: TypeAlias = Callable[[bytes, int | None], Any]

_PADDING = tuple(bytes(size) for size in range(8))
_BYTES = frozenset((bytes, bytearray))

#: num_bytes; in the upper half handles and marker, which are 0.
_ENVELOPE = "Q"


class _Shape(NamedTuple):
    """How such a message looks."""

    record: type[Any]
    #: All before the envelope or the body, less the txid.
    head: bytes
    enveloped: bool
    #: Letters of `struct` for what comes after *head*, up to the bytes.
    codes: str
    names: list[str]
    #: Which member the vector is.
    place: int
    #: Most bytes that it may have.
    limit: int
    #: Size of the struct, and where in it nothing is.
    size: int
    gaps: tuple[tuple[int, int], ...]


def bytes_functions(
    type: StructType, head: bytes, *, enveloped: bool
) -> tuple[EncodeBytes, DecodeBytes] | None:
    """The short way for messages of *head* and the struct *type*, if they are of that form.

    *head* begins with the txid.  An *enveloped* struct is the member of a union whose ordinal ends
    *head*.
    """
    layout = layout_of(type)
    members = [member for _, member in layout.members]
    vectors = [index for index, member in enumerate(members) if _is_bytes(member.type)]
    numbers = [member for member in members if number_code(member.type)]
    if len(vectors) != 1 or len(numbers) + 1 != len(members):
        return None
    (place,) = vectors
    vector = members[place].type
    assert isinstance(vector, Vector)
    codes = _ENVELOPE if enveloped else ""
    at = 0
    for offset, member in layout.members:
        codes += f"{offset - at}x" + (number_code(member.type) or "QQ")
        at = offset + size_of(member.type)
    codes += f"{layout.size - at}x"
    room = abi.ZX_CHANNEL_MAX_MSG_BYTES - len(head) - Form("<" + codes).size
    shape = _Shape(
        record_of(type),
        head[4:],
        enveloped,
        codes,
        [member.key for member in members],
        place,
        min(room, room if vector.max is None else vector.max),
        layout.size,
        layout.gaps,
    )
    if enveloped and len(members) == 1:
        return _data_encoder(shape), _data_decoder(shape)
    return _encoder(shape), _decoder(shape)


def _is_bytes(type: Type) -> bool:
    return isinstance(type, Vector) and is_byte(type.of) and not type.optional


def _encoder(shape: _Shape) -> EncodeBytes:
    record, head, enveloped, codes, names, place, limit, size, _ = shape
    pack = Form(f"<I{len(head)}s{codes}").pack
    get = attrgetter(*names)
    single = len(names) == 1

    def encode(value: Any, txid: int) -> bytes | None:
        if value.__class__ is not record:
            return None
        values = get(value)
        data = values if single else values[place]
        if data.__class__ not in _BYTES or len(data) > limit:
            return None
        count = len(data)
        padding = -count & 7
        fields = (count, PRESENT)
        if not single:
            fields = (*values[:place], count, PRESENT, *values[place + 1 :])
        if enveloped:
            fields = (size + count + padding, *fields)
        try:
            start: bytes = pack(txid, head, *fields)
        except StructError:
            return None
        return start + data + _PADDING[padding] if padding else start + data

    return encode


def _decoder(shape: _Shape) -> DecodeBytes:
    record, head, enveloped, codes, names, place, limit, size, inner_gaps = shape
    form = Form(f"<I{len(head)}s{codes}")
    unpack = form.unpack_from
    start = form.size
    first = 2 + len(_ENVELOPE) if enveloped else 2
    at = first + place
    single = len(names) == 1
    body = start - size
    gaps = [(body + gap, body + gap_end) for gap, gap_end in inner_gaps]

    def decode(data: bytes, txid: int | None) -> Any:
        length = len(data)
        if length < start:
            return None
        fields = unpack(data)
        if fields[1] != head or (txid is not None and fields[0] != txid):
            return None
        count = fields[at]
        end = start + count
        if count > limit or fields[at + 1] != PRESENT or length != end + (-count & 7):
            return None
        if enveloped and fields[2] != length - body:
            return None
        if count & 7 and data.count(0, end) != length - end:
            return None
        for gap, gap_end in gaps:
            if data.count(0, gap, gap_end) != gap_end - gap:
                return None
        if single:
            return record(data[start:end])
        return record(*fields[first:at], data[start:end], *fields[at + 2 :])

    return decode


# The same for nothing but bytes in an envelope: the reply to Read, which is most of the traffic.


def _data_encoder(shape: _Shape) -> EncodeBytes:
    record, head, limit, size = shape.record, shape.head, shape.limit, shape.size
    pack = Form(f"<I{len(head)}s{shape.codes}").pack
    get: Callable[[Any], Any] = attrgetter(*shape.names)

    def encode(value: Any, txid: int) -> bytes | None:
        if value.__class__ is not record:
            return None
        data = get(value)
        if data.__class__ is not bytes:
            return None
        count = len(data)
        if count > limit:
            return None
        padding = -count & 7
        try:
            start: bytes = pack(txid, head, size + count + padding, count, PRESENT)
        except StructError:
            return None
        return start + data + _PADDING[padding] if padding else start + data

    return encode


def _data_decoder(shape: _Shape) -> DecodeBytes:
    record, head, limit = shape.record, shape.head, shape.limit
    form = Form(f"<I{len(head)}s{shape.codes}")
    unpack = form.unpack_from
    start = form.size
    body = start - shape.size

    def decode(data: bytes, txid: int | None) -> Any:
        length = len(data)
        if length < start:
            return None
        its_txid, its_head, num_bytes, count, word = unpack(data)
        if its_head != head or (txid is not None and its_txid != txid):
            return None
        end = start + count
        padding = -count & 7
        if count > limit or word != PRESENT or length != end + padding:
            return None
        if num_bytes != length - body or (padding and data.count(0, end) != padding):
            return None
        return record(data[start:end])

    return decode

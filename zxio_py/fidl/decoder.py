"""Decoding: a function per type, made once; every byte of a message is looked at.

The order of the checks decides which error a message that breaks several rules gives: the object's
room and the padding behind it first, then its members in order.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct as Form
from struct import unpack_from
from typing import Any, TypeAlias

from zxio_py import abi
from zxio_py.fidl.errors import Code, FidlError
from zxio_py.fidl.floats import unpack_float32
from zxio_py.fidl.functions import function_of, is_byte, number_code, run_form, runs
from zxio_py.fidl.layout import INLINE_SIZE, layout_of, size_of
from zxio_py.fidl.message import HANDLE_PRESENT, PRESENT, Message
from zxio_py.fidl.types import (
    Array,
    Bits,
    Box,
    Enum,
    Handle,
    OptionalUnion,
    Primitive,
    StructType,
    TableType,
    Text,
    Type,
    UnionType,
    Vector,
)
from zxio_py.fidl.values import Unknown, record_of

#: (message, where the inline part is, depth of the object) -> value
Decode: TypeAlias = Callable[[Message, int, int], Any]

_PAIR = Form("<QQ").unpack_from
_WORD = Form("<Q").unpack_from
_HALF = Form("<I").unpack_from
_UNION = Form("<QIHH").unpack_from
_ENVELOPE = Form("<IHH").unpack_from

_LARGEST_COUNT = (1 << 32) - 1


def decoder_of(type: Type) -> Decode:
    """The function that decodes values of *type*."""
    if isinstance(type, StructType | TableType | UnionType):
        return function_of(type, "decode", _DECLARED_MAKERS)
    make: Callable[[Any], Decode] = _MAKERS[type.__class__]
    return make(type)


def _null(what: str) -> FidlError:
    return FidlError(Code.NON_NULLABLE_TYPE_WITH_NULL_VALUE, what)


# Numbers ---------------------------------------------------------------------------------------


def _primitive(type: Primitive) -> Decode:
    if type.code == "?":
        return _decode_bool
    if type.code == "f":
        return lambda message, at, depth: unpack_float32(message.data, at)
    unpack = Form("<" + type.code).unpack_from
    return lambda message, at, depth: unpack(message.data, at)[0]


def _decode_bool(message: Message, at: int, depth: int) -> bool:
    value = message.data[at]
    if value > 1:
        raise FidlError(Code.INVALID_BOOLEAN, f"{value} at {at}")
    return value == 1


def _enum(type: Enum) -> Decode:
    if not type.strict:
        return _primitive(type.base)
    unpack = Form("<" + type.base.code).unpack_from
    known = type.values

    def decode(message: Message, at: int, depth: int) -> Any:
        (value,) = unpack(message.data, at)
        if value not in known:
            raise FidlError(Code.STRICT_ENUM_UNKNOWN_VALUE, f"{type.name} {value}")
        return value

    return decode


def _bits(type: Bits) -> Decode:
    if not type.strict:
        return _primitive(type.base)
    unpack = Form("<" + type.base.code).unpack_from
    others = ~type.mask

    def decode(message: Message, at: int, depth: int) -> Any:
        (value,) = unpack(message.data, at)
        if value & others:
            raise FidlError(Code.STRICT_BITS_UNKNOWN_BIT, f"{type.name} {value:#x}")
        return value

    return decode


def _handle(type: Handle) -> Decode:
    subtype, rights, optional = type.subtype, type.rights, type.optional
    any_type = subtype == abi.ZX_OBJ_TYPE_NONE
    any_rights = rights == abi.ZX_RIGHT_SAME_RIGHTS

    def decode(message: Message, at: int, depth: int) -> Any:
        (word,) = _HALF(message.data, at)
        if word != HANDLE_PRESENT:
            if word:
                raise FidlError(Code.INVALID_HANDLE_PRESENCE_INDICATOR, f"{word:#x} at {at}")
            if optional:
                return None
            raise _null("handle")
        index = message.used
        if index == len(message.handles):
            raise FidlError(Code.TOO_FEW_HANDLES)
        message.used = index + 1
        handle, actual_type, actual_rights = message.infos[index]
        if not any_type and actual_type != subtype:
            raise FidlError(
                Code.INCORRECT_HANDLE_TYPE,
                f"{abi.object_type_name(actual_type)} for {abi.object_type_name(subtype)}",
            )
        if any_rights or actual_rights == rights:
            return handle
        if rights & ~actual_rights:
            raise FidlError(
                Code.MISSING_REQUIRED_HANDLE_RIGHTS, abi.rights_names(rights & ~actual_rights)
            )
        return message.reduce(index, rights)

    return decode


# Strings, vectors, arrays ----------------------------------------------------------------------


def _text(type: Text) -> Decode:
    limit = _LARGEST_COUNT if type.max is None else type.max
    optional = type.optional

    def decode(message: Message, at: int, depth: int) -> str | None:
        data = message.data
        count, word = _PAIR(data, at)
        if word != PRESENT and not message.present(word, at + 8):
            if count:
                raise FidlError(Code.NON_EMPTY_STRING_WITH_NULL_BODY)
            if optional:
                return None
            raise _null("string")
        if count > limit:
            if count > _LARGEST_COUNT:
                raise FidlError(Code.STRING_COUNT_EXCEEDS_32_BIT_LIMIT)
            raise FidlError(Code.STRING_TOO_LONG, f"{count} bytes of at most {limit}")
        start = message.claim(count, depth + 1)
        try:
            return str(data[start : start + count], "utf-8")
        except UnicodeDecodeError:
            raise FidlError(Code.STRING_NOT_UTF8) from None

    return decode


def _vector(type: Vector) -> Decode:
    limit = _LARGEST_COUNT if type.max is None else type.max
    optional = type.optional
    if is_byte(type.of):
        return _bytes(limit, optional)
    size = size_of(type.of)
    take = _taker(type.of)

    def decode(message: Message, at: int, depth: int) -> Any:
        count, word = _PAIR(message.data, at)
        if word != PRESENT:
            _check_null(message, at, count, word, optional)
            return None
        if count > limit:
            raise _too_many(count, limit)
        return take(message, message.claim(count * size, depth + 1), count, depth + 1)

    return decode


def _bytes(limit: int, optional: bool) -> Decode:
    """The same for vectors of uint8, which carry what is read and written."""

    def decode(message: Message, at: int, depth: int) -> bytes | None:
        data = message.data
        count, word = _PAIR(data, at)
        if word != PRESENT:
            _check_null(message, at, count, word, optional)
            return None
        if count > limit:
            raise _too_many(count, limit)
        start = message.claim(count, depth + 1)
        return data[start : start + count]

    return decode


def _check_null(message: Message, at: int, count: int, word: int, optional: bool) -> None:
    """A vector that is not present may be absent."""
    message.present(word, at + 8)
    if count:
        raise FidlError(Code.NON_EMPTY_VECTOR_WITH_NULL_BODY)
    if not optional:
        raise _null("vector")


def _too_many(count: int, limit: int) -> FidlError:
    if count > _LARGEST_COUNT:
        return FidlError(Code.VECTOR_COUNT_EXCEEDS_32_BIT_LIMIT)
    return FidlError(Code.COUNT_EXCEEDS_LIMIT, f"{count} elements of at most {limit}")


def _taker(of: Type) -> Callable[[Message, int, int, int], Any]:
    """A function that decodes a number of elements, one after another."""
    if is_byte(of):
        return lambda message, at, count, depth: message.data[at : at + count]
    code = number_code(of)
    if code:
        return lambda message, at, count, depth: list(
            unpack_from(f"<{count}{code}", message.data, at)
        )
    size = size_of(of)
    element = decoder_of(of)

    def take(message: Message, at: int, count: int, depth: int) -> list[Any]:
        return [element(message, place, depth) for place in range(at, at + count * size, size)]

    return take


def _array(type: Array) -> Decode:
    count = type.count
    take = _taker(type.of)
    return lambda message, at, depth: take(message, at, count, depth)


# Structs ---------------------------------------------------------------------------------------


def _struct(type: StructType) -> Decode:
    """Gaps first; then runs of numbers together, every other member by its function."""
    layout = layout_of(type)
    record = record_of(type)
    if layout.is_empty:
        return _decode_empty(type.name, record)
    members = layout.members
    gaps = layout.gaps
    steps: list[tuple[int, Any, Any]] = [
        (members[first][0], run_form(members[first:end]).unpack_from, None)
        if number_code(members[first][1].type)
        else (members[first][0], None, decoder_of(members[first][1].type))
        for first, end in runs(members)
    ]
    if len(steps) == 1 and not gaps:
        return _decode_whole(record, *steps[0])

    def decode(message: Message, at: int, depth: int) -> Any:
        for start, end in gaps:
            message.check_zero(at + start, at + end)
        values: list[Any] = []
        for offset, unpack, member in steps:
            if member is None:
                values += unpack(message.data, at + offset)
            else:
                values.append(member(message, at + offset, depth))
        return record(*values)

    return decode


def _decode_empty(name: str, record: Callable[[], Any]) -> Decode:
    def decode(message: Message, at: int, depth: int) -> Any:
        if message.data[at]:
            raise FidlError(Code.INVALID_EMPTY_STRUCT, name)
        return record()

    return decode


def _decode_whole(
    record: Callable[..., Any], offset: int, unpack: Any, member: Decode | None
) -> Decode:
    """A struct that is one run of numbers, or one member, and has no gap."""
    if member is None:
        return lambda message, at, depth: record(*unpack(message.data, at))
    only = member
    return lambda message, at, depth: record(only(message, at, depth))


def _box(type: Box) -> Decode:
    size = size_of(type.of)
    body = decoder_of(type.of)

    def decode(message: Message, at: int, depth: int) -> Any:
        if not message.present(_WORD(message.data, at)[0], at):
            return None
        return body(message, message.claim(size, depth + 1), depth + 1)

    return decode


# Envelopes -------------------------------------------------------------------------------------

#: (message, where the envelope is, its size, handles and marker, depth) -> value
Open: TypeAlias = Callable[[Message, int, int, int, int, int], Any]


def check_marker(num_bytes: int, marker: int) -> None:
    """What can be wrong with an envelope that is not absent, whatever is in it."""
    if marker > 1:
        raise FidlError(Code.INVALID_INLINE_MARKER_IN_ENVELOPE, f"{marker:#x}")
    if not marker and num_bytes & 7:
        raise FidlError(Code.INVALID_NUM_BYTES_IN_ENVELOPE, f"{num_bytes}")


def envelope_decoder(type: Type, *, resource: bool) -> Open:
    """A function that decodes a known member from an envelope whose marker has been checked.

    *resource* says whether the table or union is one.
    """
    size = size_of(type)
    member = decoder_of(type)
    small = size <= INLINE_SIZE

    def open_envelope(
        message: Message, at: int, num_bytes: int, num_handles: int, marker: int, depth: int
    ) -> Any:
        if marker != small:
            raise FidlError(Code.INVALID_INLINE_BIT_IN_ENVELOPE)
        used = message.used
        if small:
            if size < INLINE_SIZE:
                message.check_zero(at + size, at + INLINE_SIZE)
            value = member(message, at, depth)
        else:
            start = message.claim(size, depth + 1)
            value = member(message, start, depth + 1)
            if message.next - start != num_bytes:
                raise FidlError(
                    Code.INVALID_NUM_BYTES_IN_ENVELOPE,
                    f"{num_bytes} for {message.next - start}",
                )
        if message.used - used != num_handles:
            left = len(message.handles) - used
            if resource and num_handles > left:
                raise FidlError(
                    Code.ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH, f"{num_handles} of {left}"
                )
            # Where no handles can be, a number of them is wrong whatever the message has.
            raise FidlError(Code.INVALID_NUM_HANDLES_IN_ENVELOPE, f"{num_handles}")
        return value

    return open_envelope


def _skip_unknown(
    message: Message,
    at: int,
    ordinal: int,
    envelope: tuple[int, int, int],
    resource: bool,
    depth: int,
) -> Unknown:
    """Pass over a member that the type does not know, and keep it if that is asked for."""
    num_bytes, num_handles, marker = envelope
    if num_handles and message.store and not resource:
        raise FidlError(Code.NON_RESOURCE_UNKNOWN_HANDLES)
    start, end = at, at + INLINE_SIZE
    if not marker:
        start, end = message.next, message.next + num_bytes
        if end > message.end:
            raise FidlError(Code.ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH, f"{num_bytes}")
        message.claim(num_bytes, depth + 1)
    handles = message.take_unknown(num_handles)
    return Unknown(ordinal, message.data[start:end] if message.store else None, handles)


def _union(type: UnionType) -> Decode:
    body = _optional_union(OptionalUnion(type))

    def decode(message: Message, at: int, depth: int) -> Any:
        value = body(message, at, depth)
        if value is None:
            raise _null(f"union {type.name}")
        return value

    return decode


def _optional_union(type: OptionalUnion) -> Decode:
    return function_of(type.of, "decode optional", {"union": _optional_body})


def _optional_body(type: UnionType) -> Decode:
    record = record_of(type)
    strict, resource = type.strict, type.resource
    variants = {
        member.ordinal: (member.key, envelope_decoder(member.type, resource=resource))
        for member in type.members
    }

    def decode(message: Message, at: int, depth: int) -> Any:
        ordinal, *envelope = _UNION(message.data, at)
        num_bytes, num_handles, marker = envelope
        if not ordinal:
            if num_bytes or num_handles or marker:
                raise FidlError(Code.UNION_FIELD_NOT_SET, f"union {type.name}")
            return None
        check_marker(num_bytes, marker)
        if not (num_bytes or num_handles or marker):
            raise _null(f"member {ordinal} of union {type.name}")
        variant = variants.get(ordinal)
        if variant is not None:
            key, open_envelope = variant
            return record(
                **{key: open_envelope(message, at + 8, num_bytes, num_handles, marker, depth)}
            )
        if strict:
            raise FidlError(Code.STRICT_UNION_UNKNOWN_FIELD, f"{type.name}: {ordinal}")
        unknown = _skip_unknown(
            message, at + 8, ordinal, (num_bytes, num_handles, marker), resource, depth
        )
        value = record()
        value._unknown = (unknown,)
        return value

    return decode


def _table(type: TableType) -> Decode:
    record = record_of(type)
    resource = type.resource
    members = {
        member.ordinal: (member.key, envelope_decoder(member.type, resource=resource))
        for member in type.members
    }

    def decode(message: Message, at: int, depth: int) -> Any:
        last, word = _PAIR(message.data, at)
        if not message.present(word, at + 8):
            if last:
                raise FidlError(Code.NON_EMPTY_VECTOR_WITH_NULL_BODY, f"table {type.name}")
            raise _null(f"table {type.name}")
        if last > _LARGEST_COUNT:
            raise FidlError(Code.TABLE_COUNT_EXCEEDS_32_BIT_LIMIT)
        depth += 1
        at = message.claim(8 * last, depth) - 8  # where the envelope of ordinal 0 would be
        found: dict[str, Any] = {}
        unknown: list[Unknown] = []
        envelope = (0, 0, 0)
        for ordinal in range(1, last + 1):
            place = at + 8 * ordinal
            envelope = _ENVELOPE(message.data, place)
            if envelope == (0, 0, 0):
                continue
            check_marker(envelope[0], envelope[2])
            known = members.get(ordinal)
            if known is not None:
                found[known[0]] = known[1](message, place, *envelope, depth)
            else:
                unknown.append(_skip_unknown(message, place, ordinal, envelope, resource, depth))
        if last and envelope == (0, 0, 0):
            raise FidlError(Code.TABLE_LAST_ENVELOPE_ABSENT, f"table {type.name}")
        value = record(**found)
        if message.store and unknown:
            value._unknown = tuple(unknown)
        return value

    return decode


_MAKERS: dict[Any, Callable[[Any], Decode]] = {
    Primitive: _primitive,
    Enum: _enum,
    Bits: _bits,
    Handle: _handle,
    Text: _text,
    Vector: _vector,
    Array: _array,
    Box: _box,
    OptionalUnion: _optional_union,
}

_DECLARED_MAKERS: dict[str, Callable[[Any], Decode]] = {
    "struct": _struct,
    "table": _table,
    "union": _union,
}

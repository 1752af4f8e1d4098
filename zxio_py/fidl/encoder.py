"""Encoding: a function per type, made once.

Such a function writes a value's inline part into room that its caller made (zeros), and adds the
objects out of line behind all that is there: so they come in the order in which a depth-first walk
meets them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from struct import Struct as Form
from struct import pack_into
from typing import Any, TypeAlias

from zxio_py import abi
from zxio_py.fidl.errors import Code, FidlError, UnsuitableValueError
from zxio_py.fidl.floats import pack_float32
from zxio_py.fidl.functions import function_of, is_byte, run_form, runs
from zxio_py.fidl.layout import INLINE_SIZE, MAX_DEPTH, layout_of, padded, size_of
from zxio_py.fidl.message import HANDLE_PRESENT, PRESENT, HandleDisposition
from zxio_py.fidl.types import (
    Array,
    Bits,
    Box,
    Enum,
    Handle,
    Member,
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

#: Handles of a message, in the order of their words.
Handles: TypeAlias = list[HandleDisposition]

#: (value, message so far, where the inline part goes, handles so far, depth of the object)
Encode: TypeAlias = Callable[[Any, bytearray, int, Handles, int], None]

_WORD = Form("<Q").pack_into
_HALF = Form("<I").pack_into
_PAIR = Form("<QQ").pack_into
_INLINE = Form("<HH").pack_into
_ENVELOPE = Form("<IHH").pack_into

_PADDING = tuple(bytes(size) for size in range(8))


def encoder_of(type: Type) -> Encode:
    """The function that encodes values of *type*."""
    if isinstance(type, StructType | TableType | UnionType):
        return function_of(type, "encode", _DECLARED_MAKERS)
    make: Callable[[Any], Encode] = _MAKERS[type.__class__]
    return make(type)


def _null(what: str) -> FidlError:
    return FidlError(Code.NON_NULLABLE_TYPE_WITH_NULL_VALUE, what)


def _enter(depth: int) -> int:
    """The depth behind a pointer."""
    if depth >= MAX_DEPTH:
        raise FidlError(Code.EXCEEDED_MAX_OUT_OF_LINE_DEPTH)
    return depth + 1


# Numbers ---------------------------------------------------------------------------------------


def _primitive(type: Primitive) -> Encode:
    if type.code == "?":
        return _encode_bool
    if type.code == "f":
        return _encode_float32
    pack = Form("<" + type.code).pack_into

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        pack(out, at, value)

    return encode


def _encode_bool(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
    if value is not True and value is not False:
        raise UnsuitableValueError(f"{value!r} is no bool")
    out[at] = value


def _encode_float32(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
    out[at : at + 4] = pack_float32(value)


def _enum(type: Enum) -> Encode:
    plain = _primitive(type.base)
    if not type.strict:
        return plain
    known = type.values

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value not in known:
            raise FidlError(Code.STRICT_ENUM_UNKNOWN_VALUE, f"{type.name} {value}")
        plain(value, out, at, handles, depth)

    return encode


def _bits(type: Bits) -> Encode:
    plain = _primitive(type.base)
    if not type.strict:
        return plain
    others = ~type.mask

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value & others:
            raise FidlError(Code.STRICT_BITS_UNKNOWN_BIT, f"{type.name} {value:#x}")
        plain(value, out, at, handles, depth)

    return encode


def _handle(type: Handle) -> Encode:
    subtype, rights, optional = type.subtype, type.rights, type.optional

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value:
            _HALF(out, at, HANDLE_PRESENT)
            handles.append(HandleDisposition(value, subtype, rights))
        elif not optional:
            raise _null("handle")

    return encode


# Strings, vectors, arrays ----------------------------------------------------------------------


def _text(type: Text) -> Encode:
    limit, optional = type.max, type.optional

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value is None:
            if optional:
                return
            raise _null("string")
        try:
            data = value.encode()
        except UnicodeEncodeError:
            raise FidlError(Code.STRING_NOT_UTF8) from None
        size = len(data)
        if limit is not None and size > limit:
            raise FidlError(Code.STRING_TOO_LONG, f"{size} bytes of at most {limit}")
        if depth >= MAX_DEPTH:
            raise FidlError(Code.EXCEEDED_MAX_OUT_OF_LINE_DEPTH)
        _PAIR(out, at, size, PRESENT)
        out += data
        out += _PADDING[-size & 7]

    return encode


def _vector(type: Vector) -> Encode:
    limit, optional = type.max, type.optional
    append = _appender(type.of)

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value is None:
            if optional:
                return
            raise _null("vector")
        count = len(value)
        if limit is not None and count > limit:
            raise FidlError(Code.COUNT_EXCEEDS_LIMIT, f"{count} elements of at most {limit}")
        if depth >= MAX_DEPTH:
            raise FidlError(Code.EXCEEDED_MAX_OUT_OF_LINE_DEPTH)
        _PAIR(out, at, count, PRESENT)
        append(value, out, handles, depth + 1)

    return encode


def _appender(of: Type) -> Callable[[Any, bytearray, Handles, int], None]:
    """A function that adds the object of all elements of a vector to the message."""
    size = size_of(of)
    fill = _filler(of)

    def append(values: Any, out: bytearray, handles: Handles, depth: int) -> None:
        start = len(out)
        out += bytes(padded(size * len(values)))
        fill(values, out, start, handles, depth)

    def append_bytes(values: Any, out: bytearray, handles: Handles, depth: int) -> None:
        out += values if isinstance(values, _BYTES) else bytes(iter(values))
        out += _PADDING[-len(values) & 7]

    return append_bytes if is_byte(of) else append


_BYTES = (bytes, bytearray)


def _filler(of: Type) -> Encode:
    """A function that writes elements one after another into room that is there."""
    if is_byte(of):
        return _fill_bytes
    if isinstance(of, Primitive) and of.code not in "?f":
        code = of.code

        def fill_numbers(
            values: Any, out: bytearray, at: int, handles: Handles, depth: int
        ) -> None:
            pack_into(f"<{len(values)}{code}", out, at, *values)

        return fill_numbers
    size = size_of(of)
    element = encoder_of(of)

    def fill(values: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        for value in values:
            element(value, out, at, handles, depth)
            at += size

    return fill


def _fill_bytes(values: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
    out[at : at + len(values)] = values if isinstance(values, _BYTES) else bytes(iter(values))


def _array(type: Array) -> Encode:
    count = type.count
    fill = _filler(type.of)

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if len(value) != count:
            raise UnsuitableValueError(f"{len(value)} elements for an array of {count}")
        fill(value, out, at, handles, depth)

    return encode


# Structs ---------------------------------------------------------------------------------------


def _struct(type: StructType) -> Encode:
    """Runs of numbers are packed together; every other member has its function."""
    layout = layout_of(type)
    record_of(type)
    if layout.is_empty:
        return _encode_empty
    names = [member.key for _, member in layout.members]
    get = attrgetter(*names)
    single = len(names) == 1
    steps = [
        _run(layout.members, first, end)
        if end - first > 1
        else (layout.members[first][0], None, first, end, encoder_of(layout.members[first][1].type))
        for first, end in runs(layout.members)
    ]
    if single:
        ((offset, _, _, _, only),) = steps
        return _encode_single(get, offset, only)
    if len(steps) == 1:
        return _encode_numbers(get, steps[0][1])

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        items = get(value)
        for offset, pack, first, end, member in steps:
            if pack is not None:
                pack(out, at + offset, *items[first:end])
            else:
                member(items[first], out, at + offset, handles, depth)

    return encode


def _encode_empty(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
    if value is None:
        raise _null("struct")


def _encode_single(get: Callable[[Any], Any], offset: int, member: Encode) -> Encode:
    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        member(get(value), out, at + offset, handles, depth)

    return encode


def _encode_numbers(get: Callable[[Any], Any], pack: Callable[..., None]) -> Encode:
    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        pack(out, at, *get(value))

    return encode


def _run(members: Sequence[tuple[int, Member]], first: int, end: int) -> tuple[Any, ...]:
    return members[first][0], run_form(members[first:end]).pack_into, first, end, None


def _box(type: Box) -> Encode:
    body = encoder_of(type.of)
    room = bytes(padded(size_of(type.of)))

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value is None:
            return
        depth = _enter(depth)
        _WORD(out, at, PRESENT)
        start = len(out)
        out += room
        body(value, out, start, handles, depth)

    return encode


# Envelopes -------------------------------------------------------------------------------------


def envelope_encoder(type: Type) -> Encode:
    """A function that writes an envelope at a place, and its member there or out of line."""
    size = size_of(type)
    member = encoder_of(type)
    room = bytes(padded(size))

    def encode_inline(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        before = len(handles)
        member(value, out, at, handles, depth)
        _INLINE(out, at + 4, len(handles) - before, 1)

    def encode_out_of_line(
        value: Any, out: bytearray, at: int, handles: Handles, depth: int
    ) -> None:
        before = len(handles)
        depth = _enter(depth)
        start = len(out)
        out += room
        member(value, out, start, handles, depth)
        _ENVELOPE(out, at, len(out) - start, len(handles) - before, 0)

    return encode_inline if size <= INLINE_SIZE else encode_out_of_line


def _encode_unknown(
    unknown: Unknown, out: bytearray, at: int, handles: Handles, depth: int
) -> None:
    data = unknown.data
    if data is None or (len(data) != INLINE_SIZE and len(data) % 8):
        raise UnsuitableValueError(f"unknown member {unknown.ordinal} without its bytes")
    for handle in unknown.handles:
        handles.append(HandleDisposition(handle, abi.ZX_OBJ_TYPE_NONE, abi.ZX_RIGHT_SAME_RIGHTS))
    if len(data) == INLINE_SIZE:
        out[at : at + 4] = data
        _INLINE(out, at + 4, len(unknown.handles), 1)
    else:
        _enter(depth)
        out += data
        _ENVELOPE(out, at, len(data), len(unknown.handles), 0)


def _union(type: UnionType) -> Encode:
    record_of(type)
    variants = [
        (member.key, member.ordinal, envelope_encoder(member.type)) for member in type.members
    ]
    strict = type.strict

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value is None:
            raise _null(f"union {type.name}")
        chosen: Any = None
        for variant in variants:
            content = getattr(value, variant[0])
            if content is not None:
                if chosen is not None or value._unknown:
                    raise UnsuitableValueError(f"union {type.name} with two members set")
                chosen, chosen_content = variant, content
        if chosen is not None:
            _WORD(out, at, chosen[1])
            chosen[2](chosen_content, out, at + 8, handles, depth)
        else:
            unknown = _unknown_of_union(type.name, strict, value._unknown)
            _WORD(out, at, unknown.ordinal)
            _encode_unknown(unknown, out, at + 8, handles, depth)

    return encode


def _unknown_of_union(name: str, strict: bool, unknown: tuple[Unknown, ...]) -> Unknown:
    if not unknown or unknown[0].ordinal == 0:
        raise FidlError(Code.UNION_FIELD_NOT_SET, f"union {name}")
    if strict:
        raise FidlError(Code.STRICT_UNION_UNKNOWN_FIELD, f"union {name}")
    if unknown[0].data is None:
        raise FidlError(Code.FLEXIBLE_UNION_UNKNOWN_FIELD, f"union {name}")
    return unknown[0]


def _optional_union(type: OptionalUnion) -> Encode:
    body = encoder_of(type.of)

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value is not None:
            body(value, out, at, handles, depth)

    return encode


def _table(type: TableType) -> Encode:
    record_of(type)
    members = [
        (member.ordinal, attrgetter(member.key), envelope_encoder(member.type))
        for member in sorted(type.members, key=lambda member: member.ordinal)
    ]

    def encode(value: Any, out: bytearray, at: int, handles: Handles, depth: int) -> None:
        if value is None:
            raise _null(f"table {type.name}")
        present: list[tuple[int, Any, Encode]] = [
            (ordinal, content, envelope)
            for ordinal, get, envelope in members
            if (content := get(value)) is not None
        ]
        if value._unknown:
            present += [
                (unknown.ordinal, unknown, _encode_unknown)
                for unknown in value._unknown
                if unknown.data is not None
            ]
            present.sort(key=lambda item: item[0])
        last = present[-1][0] if present else 0
        depth = _enter(depth)
        _PAIR(out, at, last, PRESENT)
        start = len(out) - 8  # where the envelope of ordinal 0 would be
        out += bytes(8 * last)
        for ordinal, content, envelope in present:
            envelope(content, out, start + 8 * ordinal, handles, depth)

    return encode


_MAKERS: dict[Any, Callable[[Any], Encode]] = {
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

_DECLARED_MAKERS: dict[str, Callable[[Any], Encode]] = {
    "struct": _struct,
    "table": _table,
    "union": _union,
}

"""Random FIDL types, values of them, and messages that are not quite right."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from harness.fidl.handles import HandleTable
from zxio_py import abi
from zxio_py.fidl import HandleDisposition, HandleInfo, Unknown
from zxio_py.fidl.types import (
    BOOL,
    FLOAT32,
    FLOAT64,
    PRIMITIVES,
    UINT8,
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
from zxio_py.fidl.values import record_of, set_unknown_members

_NUMBERS = [type for type in PRIMITIVES.values() if type.is_integer]
_UNSIGNED = [type for type in _NUMBERS if type.code.isupper()]
_LIMITS = st.none() | st.integers(0, 4)
_COUNTER = itertools.count()


def integers(type: Primitive) -> st.SearchStrategy[int]:
    """Every integer that *type* holds."""
    low = -(1 << 8 * type.size - 1) if type.code.islower() else 0
    return st.integers(low, low + (1 << 8 * type.size) - 1)


@st.composite
def enums(draw: st.DrawFn) -> Enum:
    """Enums with a few values."""
    base = draw(st.sampled_from(_NUMBERS))
    values = draw(st.sets(integers(base), min_size=1, max_size=4))
    return Enum(_name("Enum"), base, values, strict=draw(st.booleans()))


@st.composite
def bits(draw: st.DrawFn) -> Bits:
    """Bits with any mask."""
    base = draw(st.sampled_from(_UNSIGNED))
    return Bits(_name("Bits"), base, draw(integers(base)), strict=draw(st.booleans()))


_HANDLES = st.builds(
    Handle,
    st.sampled_from((abi.ZX_OBJ_TYPE_NONE, abi.ZX_OBJ_TYPE_EVENT, abi.ZX_OBJ_TYPE_CHANNEL)),
    st.sampled_from((abi.ZX_RIGHT_SAME_RIGHTS, abi.ZX_RIGHTS_BASIC)),
    st.booleans(),
)

_LEAVES: st.SearchStrategy[Type] = st.one_of(
    st.sampled_from(tuple(PRIMITIVES.values())),
    enums(),
    bits(),
    st.builds(Text, _LIMITS, st.booleans()),
    _HANDLES,
)


def _name(kind: str) -> str:
    return f"{kind}{next(_COUNTER)}"


@st.composite
def structs(draw: st.DrawFn, members: st.SearchStrategy[Type]) -> StructType:
    """Structs; now and then empty."""
    types = draw(st.lists(members, max_size=5))
    return StructType(
        _name("Struct"),
        [Member(f"m{index}", type) for index, type in enumerate(types)],
        resource=True,
    )


@st.composite
def tables(draw: st.DrawFn, members: st.SearchStrategy[Type]) -> TableType:
    """Tables with gaps between their ordinals."""
    types = draw(st.dictionaries(st.integers(1, 9), members, max_size=4))
    return TableType(_name("Table"), _with_ordinals(types), resource=True)


@st.composite
def unions(draw: st.DrawFn, members: st.SearchStrategy[Type]) -> UnionType:
    """Unions of both kinds."""
    types = draw(st.dictionaries(st.integers(1, (1 << 64) - 2), members, min_size=1, max_size=4))
    strict = draw(st.booleans())
    return UnionType(_name("Union"), _with_ordinals(types), strict=strict, resource=True)


def _with_ordinals(types: dict[int, Type]) -> list[Member]:
    required = {ordinal: _required(type) for ordinal, type in types.items()}
    return [Member(f"m{ordinal}", type, ordinal) for ordinal, type in required.items()]


def _required(type: Type) -> Type:
    """The type without its null: members of tables and unions may not have one."""
    match type:
        case Box(of=of) | OptionalUnion(of=of):
            return of
        case Text(max=max):
            return Text(max)
        case Vector(of=of, max=max):
            return Vector(of, max)
        case Handle(subtype=subtype, rights=rights):
            return Handle(subtype, rights)
        case _:
            return type


def _extended(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    return st.one_of(
        st.builds(Vector, inner, _LIMITS, st.booleans()),
        st.builds(Array, inner, st.integers(1, 3)),
        structs(inner),
        tables(inner),
        unions(inner),
        structs(inner).map(Box),
        unions(inner).map(OptionalUnion),
    )


#: Any type.
types: st.SearchStrategy[Type] = st.recursive(_LEAVES, _extended, max_leaves=6)

#: Types that can be the body of a message.
bodies: st.SearchStrategy[Any] = st.one_of(structs(types), tables(types), unions(types))


def values(type: Type, *, nan: bool = True) -> st.SearchStrategy[Any]:
    """Every value of *type*; handles are small numbers."""
    match type:
        case Primitive():
            return _numbers(type, nan)
        case Enum(strict=True):
            return st.sampled_from(sorted(type.values))
        case Bits(strict=True, mask=mask):
            return integers(type.base).map(lambda value: value & mask)
        case Enum(base=base) | Bits(base=base):
            return integers(base)
        case Text(max=max, optional=optional):
            return _nullable(_texts(6 if max is None else max), optional)
        case Handle(optional=optional):
            return _nullable(st.integers(1, 999), optional)
        case Vector(of=of, max=max, optional=optional):
            return _nullable(_elements(of, 0, 3 if max is None else max, nan), optional)
        case Array(of=of, count=count):
            return _elements(of, count, count, nan)
        case Box(of=of) | OptionalUnion(of=of):
            return _nullable(values(of, nan=nan), True)
        case StructType():
            members = [values(member.type, nan=nan) for member in type.members]
            return st.builds(record_of(type), *members)
        case TableType():
            return _tables(type, nan)
        case UnionType():
            return st.sampled_from(type.members).flatmap(lambda member: _member(type, member, nan))


def _numbers(type: Primitive, nan: bool) -> st.SearchStrategy[Any]:
    if type is BOOL:
        return st.booleans()
    if type in (FLOAT32, FLOAT64):
        return st.floats(width=8 * type.size, allow_nan=nan)
    return integers(type)


def _nullable(strategy: st.SearchStrategy[Any], optional: bool) -> st.SearchStrategy[Any]:
    return st.none() | strategy if optional else strategy


def _texts(size: int) -> st.SearchStrategy[str]:
    # Each character takes up to four bytes of the limit.
    return st.text(st.characters(codec="utf-8"), max_size=size // 4)


def _elements(of: Type, least: int, most: int, nan: bool) -> st.SearchStrategy[Any]:
    if of is UINT8:
        return st.binary(min_size=least, max_size=most)
    return st.lists(values(of, nan=nan), min_size=least, max_size=most)


def _tables(type: TableType, nan: bool) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {}, optional={member.key: values(member.type, nan=nan) for member in type.members}
    ).map(lambda members: record_of(type)(**members))


def _member(type: UnionType, member: Member, nan: bool) -> st.SearchStrategy[Any]:
    record = record_of(type)
    return values(member.type, nan=nan).map(lambda value: record(**{member.key: value}))


@st.composite
def unknown_members(draw: st.DrawFn, ordinal: int) -> Unknown:
    """What a newer version of a type may have under *ordinal*."""
    data = draw(st.binary(min_size=4, max_size=4) | st.sampled_from((bytes(8), b"12345678" * 2)))
    handles = draw(st.lists(st.integers(1, 999), max_size=2))
    return Unknown(ordinal, data, tuple(handles))


@st.composite
def tables_with_unknown_members(draw: st.DrawFn) -> tuple[TableType, Any]:
    """A table type and a value of it that has more than the type knows."""
    type = draw(tables(types))
    value = draw(values(type))
    known = {member.ordinal for member in type.members}
    ordinals = draw(st.sets(st.integers(1, 12).filter(lambda ordinal: ordinal not in known)))
    set_unknown_members(value, *(draw(unknown_members(ordinal)) for ordinal in ordinals))
    return type, value


def received(table: HandleTable, sent: Sequence[HandleDisposition]) -> list[HandleInfo]:
    """What a receiver of *sent* gets: new handles with the declared type and rights."""
    infos = []
    for index, item in enumerate(sent):
        any_rights = item.rights == abi.ZX_RIGHT_SAME_RIGHTS
        rights = abi.ZX_DEFAULT_EVENT_RIGHTS if any_rights else item.rights
        infos.append(table.info(table.add(index, item.type or abi.ZX_OBJ_TYPE_EVENT, rights)))
    return infos


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """*data* with a few changes: bytes, words, its length."""
    result = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(("byte", "word", "cut", "more")))
        if kind == "cut":
            del result[draw(st.integers(0, len(result))) :]
        elif kind == "more":
            result += draw(st.binary(min_size=1, max_size=16))
        elif kind == "byte" and result:
            result[draw(st.integers(0, len(result) - 1))] = draw(st.integers(0, 255))
        elif kind == "word" and len(result) >= 8:
            at = 8 * draw(st.integers(0, len(result) // 8 - 1))
            word = draw(st.sampled_from((0, 1, 2, 1 << 32, (1 << 64) - 1)))
            result[at : at + 8] = word.to_bytes(8, "little")
    return bytes(result)

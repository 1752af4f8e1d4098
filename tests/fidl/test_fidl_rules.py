"""Rules of the wire format for which no case was recorded, and the classes that declare types."""

from __future__ import annotations

from struct import pack, unpack
from typing import Annotated, Any

import pytest

from harness.fidl.handles import HandleTable
from zxio_py import abi
from zxio_py.fidl import (
    Code,
    Codec,
    DeclarationError,
    FidlError,
    StorageCodec,
    Struct,
    Table,
    TransactionError,
    Union,
    Unknown,
    UnsuitableValueError,
    unknown_members,
    which,
)
from zxio_py.fidl.floats import pack_float32, unpack_float32
from zxio_py.fidl.layout import layout_of, size_of
from zxio_py.fidl.types import (
    FLOAT32,
    INT8,
    UINT8,
    UINT32,
    UINT64,
    Array,
    Bits,
    Box,
    Enum,
    Handle,
    Member,
    StructType,
    TableType,
    Text,
    Type,
    UnionType,
    Vector,
)
from zxio_py.fidl.values import Bool, Int64, Uint8, Uint16, Uint32, record_of, set_unknown_members

PRESENT = b"\xff" * 8
ABSENT = bytes(8)


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(8, "little") for value in values)


def struct_of(*types: Type) -> StructType:
    return StructType("S", [Member(f"m{i}", type) for i, type in enumerate(types)], resource=True)


TABLE = TableType("T", [Member("a", UINT32, 1), Member("b", UINT64, 2)])
UNION = UnionType(
    "U",
    [Member("a", UINT32, 1), Member("b", UINT64, 2), Member("h", Handle(), 3)],
    resource=True,
)

REFUSED: list[tuple[Type, bytes, int, Code]] = [
    (Vector(UINT8), words(1 << 32) + PRESENT, 0, Code.VECTOR_COUNT_EXCEEDS_32_BIT_LIMIT),
    (Vector(UINT8, 2), words(1 << 32) + PRESENT, 0, Code.VECTOR_COUNT_EXCEEDS_32_BIT_LIMIT),
    (Text(2), words(1 << 32) + PRESENT, 0, Code.STRING_COUNT_EXCEEDS_32_BIT_LIMIT),
    (Text(2), words(3) + PRESENT + b"abc\0\0\0\0\0", 0, Code.STRING_TOO_LONG),
    (Vector(UINT8), words((1 << 32) - 1) + PRESENT, 0, Code.TOO_FEW_BYTES),
    (Vector(UINT64), words(1) + words(1), 0, Code.INVALID_PRESENCE_INDICATOR),
    (Text(optional=True), words(1) + ABSENT, 0, Code.NON_EMPTY_STRING_WITH_NULL_BODY),
    (Box(struct_of(UINT8)), words(1), 0, Code.INVALID_PRESENCE_INDICATOR),
    (Box(struct_of(UINT8)), PRESENT, 0, Code.TOO_FEW_BYTES),
    (Handle(), words(1), 0, Code.INVALID_HANDLE_PRESENCE_INDICATOR),
    (Handle(optional=True), words(0xFFFFFFFE), 1, Code.INVALID_HANDLE_PRESENCE_INDICATOR),
    (Handle(), words(0xFFFFFFFF), 2, Code.TOO_MANY_HANDLES_IN_MESSAGE),
    (Handle(optional=True), words(0), 1, Code.TOO_MANY_HANDLES_IN_MESSAGE),
    (Handle(), words(0xFFFFFFFF, 0), 2, Code.TOO_MANY_BYTES_IN_MESSAGE),
    (TABLE, words(1 << 32) + PRESENT, 0, Code.TABLE_COUNT_EXCEEDS_32_BIT_LIMIT),
    (TABLE, words(1 << 31) + PRESENT, 0, Code.TOO_FEW_BYTES),
    (TABLE, words(1) + ABSENT, 0, Code.NON_EMPTY_VECTOR_WITH_NULL_BODY),
    (TABLE, words(1) + PRESENT + words(0), 0, Code.TABLE_LAST_ENVELOPE_ABSENT),
    (TABLE, words(2) + PRESENT + words(0, 16) + words(5, 0), 0, Code.INVALID_NUM_BYTES_IN_ENVELOPE),
    (TABLE, words(2) + PRESENT + words(0, 8), 0, Code.TOO_FEW_BYTES),
    (TABLE, words(1) + PRESENT + words(1 << 48 | 1 << 32), 1, Code.INVALID_NUM_HANDLES_IN_ENVELOPE),
    (
        TABLE,
        words(3) + PRESENT + words(0, 0, 16) + words(0),
        0,
        Code.ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH,
    ),
    (UNION, words(1, 0), 0, Code.NON_NULLABLE_TYPE_WITH_NULL_VALUE),
    (UNION, words(0, 0), 0, Code.NON_NULLABLE_TYPE_WITH_NULL_VALUE),
    (UNION, words(0, 1 << 48), 0, Code.UNION_FIELD_NOT_SET),
    (UNION, words(1, 2 << 48), 0, Code.INVALID_INLINE_MARKER_IN_ENVELOPE),
    (UNION, words(3, 1 << 48 | 0xFFFFFFFF), 1, Code.INVALID_NUM_HANDLES_IN_ENVELOPE),
    (UNION, words(3, 1 << 48 | 1 << 32 | 0xFFFFFFFF), 0, Code.TOO_FEW_HANDLES),
    (UNION, words(1, 1 << 48 | 1 << 32), 0, Code.ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH),
    (UNION, words(1, 1 << 48 | 1 << 32), 1, Code.INVALID_NUM_HANDLES_IN_ENVELOPE),
    (TABLE, words(1) + PRESENT + words(1 << 48 | 1 << 32), 0, Code.INVALID_NUM_HANDLES_IN_ENVELOPE),
    (UNION, words(9, 1 << 48 | 1 << 32), 0, Code.ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH),
    (struct_of(), words(1 << 8), 0, Code.INVALID_PADDING_BYTE),
    (struct_of(), words(1), 0, Code.INVALID_EMPTY_STRUCT),
]


@pytest.mark.parametrize(("type", "data", "handles", "code"), REFUSED)
def test_a_broken_rule_is_named(type: Type, data: bytes, handles: int, code: Code) -> None:
    table = HandleTable()
    infos = [table.info(table.add(index, 1, 0)) for index in range(handles)]
    with pytest.raises(FidlError) as caught:
        Codec(struct_of(type)).decode(data, infos, table)
    assert caught.value.code == code
    assert table.still_open() == []
    assert not table.misuse


def test_type_is_checked_before_rights() -> None:
    codec = Codec(struct_of(Handle(abi.ZX_OBJ_TYPE_EVENT, abi.ZX_RIGHT_WAIT)))
    table = HandleTable()
    for kind, rights, code in (
        (abi.ZX_OBJ_TYPE_CHANNEL, 0, Code.INCORRECT_HANDLE_TYPE),
        (abi.ZX_OBJ_TYPE_EVENT, 0, Code.MISSING_REQUIRED_HANDLE_RIGHTS),
    ):
        with pytest.raises(FidlError) as caught:
            codec.decode(words(0xFFFFFFFF), [table.info(table.add(0, kind, rights))], table)
        assert caught.value.code == code
    assert table.still_open() == []


# Depth -----------------------------------------------------------------------------------------

NODE = StructType("Node")
NODE.define([Member("next", Box(NODE)), Member("names", Vector(Text(), optional=True))])


def chain(length: int, names: list[str] | None) -> Any:
    record = record_of(NODE)
    value = record(None, names)
    for _ in range(length):
        value = record(value, None)
    return value


@pytest.mark.parametrize(
    ("length", "names"), [(32, None), (31, []), (30, [""])], ids=["box", "vector", "string"]
)
def test_the_depth_of_any_pointer_is_limited(length: int, names: list[str] | None) -> None:
    codec = Codec(NODE)
    data = codec.encode(chain(length, names)).data
    assert codec.encode(codec.decode(data)).data == data
    with pytest.raises(FidlError, match="EXCEEDED_MAX_OUT_OF_LINE_DEPTH"):
        codec.encode(chain(length + 1, names))
    # One box more around the same bytes.
    deeper = PRESENT + ABSENT * 2 + data
    with pytest.raises(FidlError, match="EXCEEDED_MAX_OUT_OF_LINE_DEPTH"):
        codec.decode(deeper)


def test_a_value_within_itself_is_refused_with_its_handles_closed() -> None:
    loop = StructType("Loop", resource=True)
    loop.define([Member("next", Box(loop)), Member("h", Handle(optional=True))])
    value = record_of(loop)(None, 77)
    value.next = value
    closed: list[int] = []

    class Owner:
        def handle_close(self, handle: int) -> None:
            closed.append(handle)

        def handle_replace(self, handle: int, rights: int) -> int:
            raise AssertionError

    with pytest.raises(FidlError, match="EXCEEDED_MAX_OUT_OF_LINE_DEPTH"):
        Codec(loop).encode(value, Owner())
    assert closed == [77]


# Unknown members -------------------------------------------------------------------------------


def test_an_unknown_union_is_kept_or_only_its_ordinal() -> None:
    data = words(9, 8, 5)
    stored = Codec(UNION).decode(data, unknown="store")
    assert unknown_members(stored) == (Unknown(9, words(5)),)
    assert which(stored) is None
    assert Codec(UNION).encode(stored).data == data
    dropped = Codec(UNION).decode(data)
    assert unknown_members(dropped) == (Unknown(9),)
    with pytest.raises(FidlError, match="FLEXIBLE_UNION_UNKNOWN_FIELD"):
        Codec(UNION).encode(dropped)


def test_handles_in_unknown_parts_of_value_types_are_refused_where_they_would_be_kept() -> None:
    codec = Codec(TableType("V", [Member("a", UINT32, 1)]))
    data = words(2) + PRESENT + words(0, 1 << 48 | 1 << 32 | 0xFFFFFFFF)
    table = HandleTable()
    info = table.info(table.add(0, 1, 0))
    with pytest.raises(FidlError, match="NON_RESOURCE_UNKNOWN_HANDLES"):
        codec.decode(data, [info], table, unknown="store")
    info = table.info(table.add(0, 1, 0))
    codec.decode(data, [info], table)
    assert table.still_open() == []


@pytest.mark.parametrize("data", [None, b"123", b"12345"])
def test_an_unknown_member_needs_its_bytes(data: bytes | None) -> None:
    value = record_of(UNION)()
    set_unknown_members(value, Unknown(9, data))
    with pytest.raises(FidlError, match=r"UNSUITABLE_VALUE|FLEXIBLE_UNION_UNKNOWN_FIELD"):
        Codec(UNION).encode(value)


# Values ----------------------------------------------------------------------------------------


class Point(Struct):
    """Two numbers with a gap between them."""

    x: Uint8
    y: Uint16


class Options(Table):
    """A keyword of Python as a name, and a gap in the ordinals."""

    from_: Annotated[Point | None, 1] = None
    wait: Annotated[Bool | None, 4] = None


class Choice(Union, strict=True):
    """A number, a point, or more of the same."""

    number: Annotated[Int64 | None, 1] = None
    point: Annotated[Point | None, 2] = None
    more: Annotated[Many | None, 3] = None


class Many(Struct):
    """Everything that can be optional is."""

    point: Point | None
    choice: Choice | None
    name: Annotated[str, Text(3)] | None
    data: Annotated[bytes, Vector(UINT8)] | None
    options: Options


def test_classes_are_declarations_and_values() -> None:
    assert [member.name for member in Options.fidl.members] == ["from", "wait"]
    value = Many(Point(1, 2), Choice(number=-1), "abc", b"x", Options(from_=Point(3, 4)))
    codec = Codec(Many.fidl)
    back = codec.decode(codec.encode(value).data)
    assert back == value
    assert back != Many(Point(1, 2), Choice(number=-2), "abc", b"x", Options())
    assert which(back.choice) == "number"
    nothing = Many(None, None, None, None, Options())
    assert codec.decode(codec.encode(nothing).data) == nothing
    deep = Many(None, Choice(more=nothing), None, None, Options(wait=False))
    assert codec.decode(codec.encode(deep).data) == deep
    assert repr(Options(wait=False)) == "Options(wait=False)"


def test_of_a_union_exactly_one_member_is_set() -> None:
    codec = Codec(Choice.fidl)
    with pytest.raises(FidlError, match="UNION_FIELD_NOT_SET"):
        codec.encode(Choice())
    with pytest.raises(FidlError, match="UNION_FIELD_NOT_SET"):
        which(Choice())
    with pytest.raises(UnsuitableValueError, match="two members"):
        codec.encode(Choice(number=1, point=Point(1, 2)))


@pytest.mark.parametrize(
    ("type", "value"),
    [
        (UINT8, 256),
        (UINT8, -1),
        (UINT8, "1"),
        (INT8, None),
        (FLOAT32, 1e300),
        (Array(UINT8, 2), b"abc"),
        (Array(UINT32, 2), [1]),
        (Vector(UINT8), 5),
        (Vector(UINT8), [256]),
        (Vector(UINT32), ["x"]),
        (Text(), b"bytes"),
        (struct_of(UINT8), None),
        (TABLE, 5),
        (Enum("E", UINT8, (1,), strict=True), []),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_refused(type: Type, value: Any) -> None:
    body = struct_of(type)
    with pytest.raises(UnsuitableValueError):
        Codec(body).encode(record_of(body)(value))


def test_bools_are_bools() -> None:
    body = struct_of(Bits("B", UINT8, 3, strict=True))
    assert Codec(body).encode(record_of(body)(True)).data == words(1)
    with pytest.raises(UnsuitableValueError, match="1 is no bool"):
        Codec(Options.fidl).encode(Options(wait=1))


@pytest.mark.parametrize("bits", [0x7FC00000, 0x7FA00000, 0xFF800001, 0xFFFFFFFF, 0x7F800000])
def test_a_float32_keeps_its_bits(bits: int) -> None:
    data = bits.to_bytes(4, "little")
    assert pack_float32(unpack_float32(data, 0)) == data


def test_a_nan_that_float32_has_no_room_for_stays_a_nan() -> None:
    (small,) = unpack("<d", words(0x7FF0000000000001))
    assert pack_float32(small) == (0x7FC00000).to_bytes(4, "little")
    assert pack_float32(1.5) == pack("<f", 1.5)


# Declarations ----------------------------------------------------------------------------------


def test_sizes_follow_the_members() -> None:
    assert layout_of(Point.fidl).gaps == ((1, 2),)
    assert (size_of(Point.fidl), size_of(Many.fidl), size_of(struct_of())) == (4, 72, 1)
    five = struct_of(UINT32, UINT8)
    assert size_of(Array(five, 3)) == 24
    assert size_of(Array(struct_of(UINT8, UINT8, UINT8), 3)) == 9


def test_declarations_that_fidl_does_not_have_are_refused() -> None:
    with pytest.raises(DeclarationError, match="ordinal 0"):
        TableType("T", [Member("a", UINT8, 0)])
    with pytest.raises(DeclarationError, match="ordinal 1 twice"):
        TableType("T", [Member("a", UINT8, 1), Member("b", UINT8, 1)])
    with pytest.raises(DeclarationError, match="name a twice"):
        StructType("S", [Member("a", UINT8), Member("a", UINT8)])
    with pytest.raises(DeclarationError, match="before it is defined"):
        Codec(StructType("Later"))
    with pytest.raises(DeclarationError, match="strict enum needs a value"):
        Enum("E", UINT8, (), strict=True)
    with pytest.raises(DeclarationError, match="float32 is no integer"):
        Enum("E", FLOAT32, (1,))
    with pytest.raises(DeclarationError, match="bits are unsigned"):
        Bits("B", INT8, 1)
    with pytest.raises(DeclarationError, match="array of 0 elements"):
        Array(UINT8, 0)
    with pytest.raises(DeclarationError, match="bytes"):
        Codec(struct_of(Array(Array(UINT64, 1 << 20), 1 << 20)))
    itself = StructType("Itself")
    itself.define([Member("me", Array(itself, 2))])
    with pytest.raises(DeclarationError, match="contains itself"):
        Codec(itself)


def test_annotations_that_are_no_types_are_refused() -> None:
    class Wrong(Struct):
        number: int

    class NoOrdinal(Table):
        number: Uint32 | None = None

    class NoNull(Struct):
        number: Uint32 | None

    for wrong, problem in (
        (Wrong, "struct Wrong: <class 'int'> is no FIDL type"),
        (NoOrdinal, "table NoOrdinal: number has no ordinal"),
        (NoNull, "has no null"),
    ):
        with pytest.raises(DeclarationError, match=problem):
            Codec(wrong.fidl)


# At rest ---------------------------------------------------------------------------------------


def test_a_value_is_stored_with_the_format_s_name() -> None:
    codec = StorageCodec(Point.fidl)
    data = codec.encode(Point(1, 2)).data
    assert data.hex() == "0001020000000000" + "0100020000000000"
    assert codec.decode(data) == Point(1, 2)
    for wrong in (data[:7], b"\0\2" + data[2:], data[:2] + b"\0" + data[3:]):
        with pytest.raises(TransactionError):
            codec.decode(wrong)
    with pytest.raises(DeclarationError, match="handles"):
        StorageCodec(UNION)

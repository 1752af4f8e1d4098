"""Values of conformance cases: from JSON, and into a form in which two can be compared."""

from __future__ import annotations

from struct import pack, unpack
from typing import Any

from harness.errors import InputError
from harness.fidl.handles import HandleTable
from harness.fidl.reading import entry, hexadecimal, is_a, optional
from harness.fidl.schema import Schema
from harness.program.values import brief
from zxio_py.fidl.codec import Codec, UnknownPolicy
from zxio_py.fidl.errors import DeclarationError
from zxio_py.fidl.floats import pack_float32, unpack_float32
from zxio_py.fidl.types import (
    FLOAT32,
    FLOAT64,
    UINT8,
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
from zxio_py.fidl.values import Unknown, record_of, set_unknown_members, unknown_members


class ValueReader:
    """Makes Python values of JSON for one case, whose handles are in a table."""

    def __init__(
        self, schema: Schema, table: HandleTable, handles: list[int], unknown: UnknownPolicy
    ) -> None:
        """*handles* are the case's handles, open in *table*."""
        self._schema = schema
        self._table = table
        self._handles = handles
        self._unknown = unknown

    def read(self, type: Type, value: Any, where: str) -> Any:
        """The value of *type* that JSON *value* says."""
        if isinstance(value, dict) and "$decode" in value:
            return self._decoded(type, is_a(value["$decode"], dict, where), where)
        if value is None:
            return None  # whether it may be is the codec's to say
        match type:
            case Primitive():
                return _number(type, value, where)
            case Enum(base=base) | Bits(base=base):
                return _number(base, value, where)
            case Text():
                return _text(value, where)
            case Handle():
                return self._handle(value, where)
            case Vector() | Array():
                return self._elements(type.of, value, where)
            case Box() | OptionalUnion():
                return self.read(type.of, value, where)
            case StructType():
                return self._struct(type, is_a(value, dict, where), where)
            case TableType() | UnionType():
                return self._choice(type, is_a(value, dict, where), where)

    def handle(self, index: Any, where: str) -> int:
        """The handle of the case under *index*."""
        number = is_a(index, int, where)
        if not 0 <= number < len(self._handles):
            raise InputError(f"no handle {number}", where=where)
        return self._handles[number]

    def handle_list(self, indexes: Any, where: str) -> list[int]:
        """Several of them."""
        return [self.handle(index, where) for index in is_a(indexes, list, where)]

    def _handle(self, value: Any, where: str) -> int:
        return self.handle(entry(is_a(value, dict, where), "$handle", int, where), where)

    def _elements(self, of: Type, value: Any, where: str) -> Any:
        elements = [self.read(of, item, where) for item in is_a(value, list, where)]
        if of is not UINT8:
            return elements
        try:
            return bytes(elements)
        except (TypeError, ValueError):
            raise InputError(f"{brief(value)} are no bytes", where=where) from None

    def _struct(self, type: StructType, value: dict[str, Any], where: str) -> Any:
        record = record_of(type)
        names = [member.name for member in type.members]
        for name in (*names, *value):
            if name not in value or name not in names:
                what = "lacks" if name in names else "has no"
                raise InputError(f"{type.name} {what} {brief(name)}", where=where)
        return record(
            *(
                self.read(member.type, value[member.name], f"{where}.{member.name}")
                for member in type.members
            )
        )

    def _choice(self, type: TableType | UnionType, value: dict[str, Any], where: str) -> Any:
        result = record_of(type)()
        members = {member.name: member for member in type.members}
        for name, content in value.items():
            inside = f"{where}.{name}"
            if name == "$unknown":
                listed = content if isinstance(content, list) else [content]
                unknown = [self._unknown_member(item, inside) for item in listed]
                set_unknown_members(result, *unknown)
            elif name in members:
                member = members[name]
                setattr(result, member.key, self.read(member.type, content, inside))
            else:
                raise InputError(f"{type.name} has no {brief(name)}", where=where)
        return result

    def _unknown_member(self, value: Any, where: str) -> Unknown:
        ordinal = entry(is_a(value, dict, where), "ordinal", int, where)
        data = None
        if "bytes" in value:
            data = hexadecimal(entry(value, "bytes", str, where), where)
        handles = self.handle_list(optional(value, "handles", list, [], where), where)
        return Unknown(ordinal, data, tuple(handles))

    def _decoded(self, type: Type, value: dict[str, Any], where: str) -> Any:
        """The value that a decoder gets from given bytes."""
        body = self._schema.body(value.get("type"), where)
        if body is not type and not (isinstance(type, Box | OptionalUnion) and type.of is body):
            raise InputError(f"a {body.name} is of another type", where=where)
        try:
            codec = Codec(body)
        except DeclarationError as error:
            raise InputError(str(error), where=where) from None
        data = hexadecimal(entry(value, "bytes", str, where), where)
        handles = self.handle_list(optional(value, "handles", list, [], where), where)
        infos = [self._table.info(handle) for handle in handles]
        return codec.decode(data, infos, self._table, unknown=self._unknown)


def _number(type: Primitive, value: Any, where: str) -> Any:
    if type in (FLOAT32, FLOAT64):
        return _float(type, value, where)
    return is_a(value, bool if type.code == "?" else int, where)


def _float(type: Primitive, value: Any, where: str) -> float:
    if not isinstance(value, dict):
        return float(value) if _is_number(value) else is_a(value, float, where)
    text = entry(value, "$raw_float", str, where)
    try:
        data = int(text, 16).to_bytes(type.size, "little")
    except (ValueError, OverflowError):
        raise InputError(f"{brief(text)} are no bits of a {type.name}", where=where) from None
    return unpack_float32(data, 0) if type is FLOAT32 else float(unpack("<d", data)[0])


def _is_number(value: Any) -> bool:
    """Whether JSON *value* is a number."""
    return type(value) in (int, float)


def _text(value: Any, where: str) -> str:
    if isinstance(value, dict):
        data = hexadecimal(entry(value, "$utf8_hex", str, where), where)
        # What is no UTF-8 becomes what Python cannot encode either.
        return data.decode(errors="surrogateescape")
    return is_a(value, str, where)


def comparable(type: Type, value: Any, table: HandleTable) -> Any:
    """*value* in plain data: floats by their bits, handles by which of the case's they are."""
    if value is None:
        return None
    match type:
        case Primitive(code="f"):
            return pack_float32(value)
        case Primitive(code="d"):
            return pack("<d", value)
        case Handle():
            return ("handle", table.index(value))
        case Vector(of=of) | Array(of=of):
            return [comparable(of, item, table) for item in value]
        case Box(of=of) | OptionalUnion(of=of):
            return comparable(of, value, table)
        case StructType() | TableType() | UnionType():
            plain = {
                member.name: comparable(member.type, getattr(value, member.key), table)
                for member in type.members
            }
            if not isinstance(type, StructType):
                plain["$unknown"] = [
                    (item.ordinal, item.data, [table.index(handle) for handle in item.handles])
                    for item in unknown_members(value)
                ]
            return plain
        case _:
            return value


def wanted_handles(value: Any) -> list[dict[str, Any]]:
    """Every ``{"$handle": ...}`` in JSON *value*."""
    if isinstance(value, list):
        return [found for item in value for found in wanted_handles(item)]
    if not isinstance(value, dict):
        return []
    if "$handle" in value:
        return [value]
    return [found for item in value.values() for found in wanted_handles(item)]

"""Types as a conformance file declares them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from harness.errors import InputError
from harness.fidl.reading import entry, is_a, optional
from harness.program.values import brief
from zxio_py import abi
from zxio_py.fidl.errors import DeclarationError
from zxio_py.fidl.types import (
    PRIMITIVES,
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

Declared: TypeAlias = Enum | Bits | StructType | TableType | UnionType

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LARGEST_RIGHTS = (1 << 32) - 1


class Schema:
    """The types and rights of a conformance file."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        where = f"{source}: rights"
        self._rights = {
            name: is_a(value, int, f"{where}: {name}")
            for name, value in entry(document, "rights", dict, source).items()
        }
        self.types: dict[str, Declared] = {}
        declarations = entry(document, "types", dict, source)
        for name, body in declarations.items():
            self.types[name] = _declare(name, body, f"{source}: type {brief(name)}")
        for name, body in declarations.items():
            self._define(self.types[name], body, f"{source}: type {brief(name)}")

    def rights(self, text: Any, where: str) -> int:
        """Rights by name, or ``name-name`` for those of the first without the second's."""
        names = is_a(text, str, where).split("-")
        for name in names:
            if name not in self._rights:
                raise InputError(f"no rights {brief(name)}", where=where)
        value, *without = (self._rights[name] for name in names)
        for removed in without:
            value &= ~removed
        if not 0 <= value <= _LARGEST_RIGHTS:
            raise InputError(f"{value} are no rights", where=where)
        return value

    def named(self, name: Any, where: str) -> Declared:
        """The declared type of that name."""
        found = self.types.get(is_a(name, str, where))
        if found is None:
            raise InputError(f"no type {brief(name)}", where=where)
        return found

    def body(self, name: Any, where: str) -> StructType | TableType | UnionType:
        """The same where it is to be the body of a message."""
        found = self.named(name, where)
        if not isinstance(found, StructType | TableType | UnionType):
            raise InputError(f"{name} is no struct, table or union", where=where)
        return found

    def _define(self, declared: Declared, body: dict[str, Any], where: str) -> None:
        if isinstance(declared, Enum | Bits):
            return
        ordinals = not isinstance(declared, StructType)
        members = []
        for item in entry(body, "members", list, where):
            name = entry(is_a(item, dict, where), "name", str, where)
            inside = f"{where}: member {brief(name)}"
            if not _IDENTIFIER.fullmatch(name):
                raise InputError("not a name", where=inside)
            if "type" not in item:
                raise InputError('no "type"', where=inside)
            ordinal = entry(item, "ordinal", int, inside) if ordinals else 0
            members.append(Member(name, self._type(item["type"], inside), ordinal))
        try:
            declared.define(members)
        except DeclarationError as error:
            raise InputError(str(error), where=where) from None

    def _type(self, reference: Any, where: str) -> Type:
        if type(reference) is str:
            return PRIMITIVES.get(reference) or self.named(reference, where)
        kind = entry(is_a(reference, dict, where), "k", str, where)
        optional_ = optional(reference, "optional", bool, False, where)
        match kind:
            case "string":
                return Text(_limit(reference, where), optional_)
            case "vector":
                of = self._element(reference, where)
                return Vector(of, _limit(reference, where), optional_)
            case "array":
                return self._array(reference, where)
            case "box":
                of = self.named(reference.get("of"), where)
                if isinstance(of, StructType):
                    return Box(of)
                raise InputError(f"{of.name} is no struct", where=where)
            case "optional_union":
                of = self.named(reference.get("of"), where)
                if isinstance(of, UnionType):
                    return OptionalUnion(of)
                raise InputError(f"{of.name} is no union", where=where)
            case "handle":
                given = reference.get("rights")
                rights = abi.ZX_RIGHT_SAME_RIGHTS if given is None else self.rights(given, where)
                return Handle(object_type(reference.get("subtype"), where), rights, optional_)
            case _:
                raise InputError(f"no kind of type {brief(kind)}", where=where)

    def _element(self, reference: Mapping[str, Any], where: str) -> Type:
        if "of" not in reference:
            raise InputError('no "of"', where=where)
        return self._type(reference["of"], where)

    def _array(self, reference: dict[str, Any], where: str) -> Array:
        try:
            return Array(self._element(reference, where), entry(reference, "count", int, where))
        except DeclarationError as error:
            raise InputError(str(error), where=where) from None


def object_type(name: Any, where: str) -> int:
    """The ZX_OBJ_TYPE of that name in lower case; null is NONE."""
    if name is None:
        return abi.ZX_OBJ_TYPE_NONE
    value = abi.CONSTANTS.get(f"ZX_OBJ_TYPE_{is_a(name, str, where).upper()}")
    if value is None:
        raise InputError(f"no object type {brief(name)}", where=where)
    return value


def _limit(reference: dict[str, Any], where: str) -> int | None:
    if reference.get("max") is None:
        return None
    limit = entry(reference, "max", int, where)
    if limit < 0:
        raise InputError(f"a limit of {limit}", where=where)
    return limit


def _declare(name: str, body: Any, where: str) -> Declared:
    """A type without its members, which may name types that come later."""
    if not _IDENTIFIER.fullmatch(name):
        raise InputError("not a name", where=where)
    kind = entry(is_a(body, dict, where), "kind", str, where)
    strict = optional(body, "strict", bool, False, where)
    resource = optional(body, "resource", bool, False, where)
    try:
        match kind:
            case "struct":
                return StructType(name, resource=resource)
            case "table":
                return TableType(name, resource=resource)
            case "union":
                return UnionType(name, strict=strict, resource=resource)
            case "enum":
                values = [is_a(value, int, where) for value in entry(body, "values", list, where)]
                return Enum(name, _base(body, where), values, strict=strict)
            case "bits":
                mask = entry(body, "mask", int, where)
                return Bits(name, _base(body, where), mask, strict=strict)
            case _:
                raise InputError(f"no kind of type {brief(kind)}", where=where)
    except DeclarationError as error:
        raise InputError(str(error), where=where) from None


def _base(body: dict[str, Any], where: str) -> Primitive:
    name = entry(body, "base", str, where)
    if name not in PRIMITIVES:
        raise InputError(f"no primitive type {brief(name)}", where=where)
    return PRIMITIVES[name]

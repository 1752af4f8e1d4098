"""Types of FIDL as declarations.

Anonymous types (`Primitive`, `Text`, `Vector`, `Array`, `Box`, `Handle`, `OptionalUnion`) are
compared by what they say; declared ones (`Enum`, `Bits`, `StructType`, `TableType`, `UnionType`) by
identity, since they may contain themselves.  Nothing here encodes: `encoder` and `decoder` make
functions of a declaration, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any, ClassVar, TypeAlias

from zxio_py import abi
from zxio_py.fidl.errors import DeclarationError

#: Rights of a channel whose end travels as client_end or server_end.
ENDPOINT_RIGHTS = abi.ZX_DEFAULT_CHANNEL_RIGHTS

_LARGEST_COUNT = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Primitive:
    """A number or a bool.  `code` is the letter that `struct` has for it."""

    name: str
    code: str
    size: int

    @property
    def is_integer(self) -> bool:
        """Whether it can be what enums and bits are made of."""
        return self.code in "bBhHiIqQ"

    def holds(self, value: int) -> bool:
        """Whether an integer type has room for *value*."""
        bits = 8 * self.size
        low = -(1 << bits - 1) if self.code.islower() else 0
        return low <= value < low + (1 << bits)


BOOL = Primitive("bool", "?", 1)
INT8 = Primitive("int8", "b", 1)
INT16 = Primitive("int16", "h", 2)
INT32 = Primitive("int32", "i", 4)
INT64 = Primitive("int64", "q", 8)
UINT8 = Primitive("uint8", "B", 1)
UINT16 = Primitive("uint16", "H", 2)
UINT32 = Primitive("uint32", "I", 4)
UINT64 = Primitive("uint64", "Q", 8)
FLOAT32 = Primitive("float32", "f", 4)
FLOAT64 = Primitive("float64", "d", 8)

#: Every primitive type by its name in FIDL.
PRIMITIVES: Mapping[str, Primitive] = {
    primitive.name: primitive
    for primitive in (
        *(BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64),
        *(FLOAT32, FLOAT64),
    )
}


class Enum:
    """An enum: an integer of which a strict one knows all values."""

    __slots__ = ("base", "name", "strict", "values")

    def __init__(
        self, name: str, base: Primitive, values: Iterable[int], *, strict: bool = False
    ) -> None:
        self.name = name
        self.base = base
        self.values = frozenset(values)
        self.strict = strict
        _check_integers(self.name, base, self.values)
        if strict and not self.values:
            raise DeclarationError(f"{name}: a strict enum needs a value")

    @classmethod
    def of(cls, values: type[IntEnum], base: Primitive = UINT32, *, strict: bool = False) -> Enum:
        """The type whose values a Python enum names; messages carry plain integers."""
        return cls(values.__name__, base, map(int, values), strict=strict)


class Bits:
    """Bits: an unsigned integer of which a strict one knows all bits."""

    __slots__ = ("base", "mask", "name", "strict")

    def __init__(self, name: str, base: Primitive, mask: int, *, strict: bool = False) -> None:
        self.name = name
        self.base = base
        self.mask = mask
        self.strict = strict
        _check_integers(name, base, (mask,))
        if base.code.islower():
            raise DeclarationError(f"{name}: bits are unsigned, not {base.name}")

    @classmethod
    def of(cls, values: type[IntFlag], base: Primitive = UINT32, *, strict: bool = False) -> Bits:
        """The type whose bits a Python enum names; messages carry plain integers."""
        mask = 0
        for value in values:
            mask |= value.value  # a plain number: those of IntFlag are slow
        return cls(values.__name__, base, mask, strict=strict)


def _check_integers(name: str, base: Primitive, values: Iterable[int]) -> None:
    if not base.is_integer:
        raise DeclarationError(f"{name}: {base.name} is no integer")
    for value in values:
        if not base.holds(value):
            raise DeclarationError(f"{name}: {base.name} does not hold {value}")


@dataclass(frozen=True, slots=True)
class Text:
    """``string:max``: at most *max* bytes of UTF-8; a Python str."""

    max: int | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Vector:
    """``vector<of>:max``; bytes for vectors of uint8, else a list."""

    of: Type
    max: int | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Array:
    """``array<of, count>``; bytes for arrays of uint8, else a list."""

    of: Type
    count: int

    def __post_init__(self) -> None:
        if not 0 < self.count <= _LARGEST_COUNT:
            raise DeclarationError(f"an array of {self.count} elements")


@dataclass(frozen=True, slots=True)
class Box:
    """``box<of>``: a struct out of line, or None."""

    of: StructType


@dataclass(frozen=True, slots=True)
class OptionalUnion:
    """``of:optional``: a union, or None."""

    of: UnionType


@dataclass(frozen=True, slots=True)
class Handle:
    """``handle:<subtype, rights>``: a zx_handle_t; None if absent.

    Without a *subtype* (a ZX_OBJ_TYPE) any object will do, without *rights* any rights.
    """

    subtype: int = abi.ZX_OBJ_TYPE_NONE
    rights: int = abi.ZX_RIGHT_SAME_RIGHTS
    optional: bool = False


def endpoint(optional: bool = False) -> Handle:
    """``client_end`` or ``server_end`` of any protocol."""
    return Handle(abi.ZX_OBJ_TYPE_CHANNEL, ENDPOINT_RIGHTS, optional)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct, table or union."""

    #: Its name in FIDL.
    name: str
    type: Type
    #: Of tables and unions; 0 in structs.
    ordinal: int = 0
    #: Its name in Python, where that differs.
    attribute: str = ""

    @property
    def key(self) -> str:
        """The attribute that holds it."""
        return self.attribute or self.name


class _Layout:
    """What structs, tables and unions have in common; members may be told later (`define`)."""

    kind: ClassVar[str]
    #: 0 where members have none.
    largest_ordinal: ClassVar[int]

    def __init__(
        self,
        name: str,
        members: Iterable[Member] | None = None,
        *,
        resource: bool = False,
        record: type | None = None,
    ) -> None:
        """*record* is the Python class of its values; without one, `values` makes one."""
        self.name = name
        self.resource = resource
        self.record = record
        #: What `encoder` and `decoder` made of it, by purpose.
        self.functions: dict[str, Callable[..., Any]] = {}
        self._members: tuple[Member, ...] | None = None
        if members is not None:
            self.define(members)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"

    @property
    def members(self) -> tuple[Member, ...]:
        """Its members, in the order of declaration."""
        if self._members is None:
            self._members = self._late_members()
        return self._members

    def _late_members(self) -> tuple[Member, ...]:
        raise DeclarationError(f"{self.kind} {self.name} is used before it is defined")

    def define(self, members: Iterable[Member]) -> None:
        """Say what it contains."""
        self._members = tuple(members)
        for what in ("name", "ordinal") if self.largest_ordinal else ("name",):
            seen = [getattr(member, what) for member in self._members]
            for item in seen:
                if seen.count(item) > 1:
                    raise DeclarationError(f"{self.kind} {self.name}: {what} {item} twice")
        for member in self._members:
            if self.largest_ordinal and not 0 < member.ordinal <= self.largest_ordinal:
                raise DeclarationError(
                    f"{self.kind} {self.name}: {member.name} has ordinal {member.ordinal}"
                )


class StructType(_Layout):
    """A struct."""

    kind = "struct"
    largest_ordinal = 0


class TableType(_Layout):
    """A table; always flexible."""

    kind = "table"
    largest_ordinal = _LARGEST_COUNT


class UnionType(_Layout):
    """A union."""

    kind = "union"
    largest_ordinal = (1 << 64) - 1

    def __init__(
        self,
        name: str,
        members: Iterable[Member] | None = None,
        *,
        strict: bool = False,
        resource: bool = False,
        record: type | None = None,
    ) -> None:
        super().__init__(name, members, resource=resource, record=record)
        self.strict = strict


Type: TypeAlias = (
    Primitive
    | Enum
    | Bits
    | Text
    | Vector
    | Array
    | Box
    | OptionalUnion
    | Handle
    | StructType
    | TableType
    | UnionType
)

"""Values of structs, tables and unions: Python classes, declared or made.

A class with annotations is declaration and value at once:

    class Range(Struct):
        origin: Annotated[int, SEEK_ORIGIN]
        offset: Int64
        note: Annotated[str, Text(20)] | None

    class LockRequest(Table):
        type: Annotated[int | None, 1, LOCK_TYPE] = None
        range: Annotated[Range | None, 2] = None
        wait: Annotated[Bool | None, 3] = None

In a struct ``| None`` makes a string, vector, handle or union optional and boxes a struct.  Members
of tables and unions have an ordinal and may be absent; of a union exactly one is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, make_dataclass
from keyword import iskeyword
from threading import RLock
from types import NoneType
from types import UnionType as PythonUnion
from typing import (
    Annotated,
    Any,
    ClassVar,
    TypeAlias,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)
from typing import (
    Union as TypingUnion,
)

from zxio_py.fidl import types
from zxio_py.fidl.errors import Code, DeclarationError, FidlError
from zxio_py.fidl.types import Member, OptionalUnion, StructType, TableType, Type, UnionType

#: Held while a class is made: a type has one.
_MAKING = RLock()

# Annotations for the types that need no more said.
Bool: TypeAlias = Annotated[bool, types.BOOL]
Int8: TypeAlias = Annotated[int, types.INT8]
Int16: TypeAlias = Annotated[int, types.INT16]
Int32: TypeAlias = Annotated[int, types.INT32]
Int64: TypeAlias = Annotated[int, types.INT64]
Uint8: TypeAlias = Annotated[int, types.UINT8]
Uint16: TypeAlias = Annotated[int, types.UINT16]
Uint32: TypeAlias = Annotated[int, types.UINT32]
Uint64: TypeAlias = Annotated[int, types.UINT64]
Float32: TypeAlias = Annotated[float, types.FLOAT32]
Float64: TypeAlias = Annotated[float, types.FLOAT64]
#: An end of a channel that speaks some protocol.
Endpoint: TypeAlias = Annotated[int, types.endpoint()]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What came under an ordinal that the type does not have.

    With the policy *drop* of decoding, nothing of it is left (`data` is None).
    """

    ordinal: int
    #: The member's bytes: 4 if the envelope held them itself.
    data: bytes | None = None
    #: Its handles; whoever has the value owns them.
    handles: tuple[int, ...] = ()


@dataclass_transform()
class Struct:
    """Base of struct classes; a subclass is made a data class."""

    fidl: ClassVar[StructType]

    def __init_subclass__(cls, *, resource: bool = False, name: str = "") -> None:
        dataclass(cls)
        cls.fidl = _DeclaredStruct(name or cls.__name__, resource=resource, record=cls)


class _Choice:
    """What values of tables and unions share: equality, and a form for people."""

    fidl: ClassVar[Any]
    #: Of an instance that has any; no field, so that it is in nobody's way.
    _unknown: tuple[Unknown, ...] = ()

    def _set(self) -> Iterator[tuple[str, Any]]:
        """Attributes that are set, with their values."""
        for item in fields(self):  # type: ignore[arg-type]  # every subclass is a data class
            value = getattr(self, item.name)
            if value is not None:
                yield item.name, value

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return dict(self._set()) == dict(other._set()) and self._unknown == other._unknown

    __hash__ = None  # type: ignore[assignment]  # they can be changed

    def __repr__(self) -> str:
        parts = [f"{name}={value!r}" for name, value in self._set()]
        parts += [repr(unknown) for unknown in self._unknown]
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass_transform(kw_only_default=True)
class Table(_Choice):
    """Base of table classes; a member that is None is absent."""

    fidl: ClassVar[TableType]

    def __init_subclass__(cls, *, resource: bool = False, name: str = "") -> None:
        dataclass(kw_only=True, eq=False, repr=False)(cls)
        cls.fidl = _DeclaredTable(name or cls.__name__, resource=resource, record=cls)


@dataclass_transform(kw_only_default=True)
class Union(_Choice):
    """Base of union classes; exactly one member is to be set."""

    fidl: ClassVar[UnionType]

    def __init_subclass__(
        cls, *, strict: bool = False, resource: bool = False, name: str = ""
    ) -> None:
        dataclass(kw_only=True, eq=False, repr=False)(cls)
        cls.fidl = _DeclaredUnion(
            name or cls.__name__, strict=strict, resource=resource, record=cls
        )


def unknown_members(value: Table | Union) -> tuple[Unknown, ...]:
    """Members of *value* that its type does not know, in the order of their ordinals."""
    return value._unknown


def set_unknown_members(value: Table | Union, *members: Unknown) -> None:
    """Give *value* members that its type does not know."""
    value._unknown = tuple(sorted(members, key=lambda member: member.ordinal))


def which(value: Union) -> str | None:
    """The attribute of the member that is set; None if an unknown one is.

    UNION_FIELD_NOT_SET unless there is exactly one.
    """
    found = [name for name, _ in value._set()]
    if len(found) + len(value._unknown) != 1:
        raise FidlError(Code.UNION_FIELD_NOT_SET, f"{type(value).__name__}: {len(found)} are set")
    return found[0] if found else None


def record_of(type: StructType | TableType | UnionType) -> type[Any]:
    """The class of a type's values, made if the type was not declared by one."""
    with _MAKING:
        if type.record is None:
            type.record = _make_record(type)
    return type.record


def _make_record(type: StructType | TableType | UnionType) -> type[Any]:
    members = tuple(
        Member(member.name, member.type, member.ordinal, _attribute(member.name))
        for member in type.members
    )
    type.define(members)
    if isinstance(type, StructType):
        return make_dataclass(type.name, [member.key for member in members], slots=True)
    absent = [(member.key, Any, field(default=None)) for member in members]
    return make_dataclass(
        type.name,
        absent,
        bases=(_Choice,),
        kw_only=True,
        eq=False,
        repr=False,
    )


def _attribute(name: str) -> str:
    return f"{name}_" if iskeyword(name) else name


# Members from annotations ----------------------------------------------------------------------


class _FromAnnotations:
    """Reads the members of a declared class when they are first asked for.

    Not earlier: annotations may name classes that come later in the module.
    """

    def _late_members(self) -> tuple[Member, ...]:
        declared: Any = self
        hints = get_type_hints(declared.record, include_extras=True)
        names = [item.name for item in fields(declared.record)]
        try:
            declared.define(self._member(name, hints[name]) for name in names)
        except DeclarationError as error:
            raise DeclarationError(f"{declared.kind} {declared.name}: {error}") from None
        members: tuple[Member, ...] = declared._members
        return members

    def _member(self, name: str, hint: Any) -> Member:
        return Member(name.rstrip("_"), _annotated(hint), attribute=name)


class _WithOrdinals(_FromAnnotations):
    """The same where annotations give the ordinal, ``Annotated[X | None, 1]``."""

    def _member(self, name: str, hint: Any) -> Member:
        if get_origin(hint) is not Annotated or not isinstance(hint.__metadata__[0], int):
            raise DeclarationError(f"{name} has no ordinal")
        ordinal, *rest = hint.__metadata__
        type = rest[0] if rest else _annotated(_without_none(hint.__origin__))
        return Member(name.rstrip("_"), type, ordinal, name)


class _DeclaredStruct(_FromAnnotations, StructType):
    pass


class _DeclaredTable(_WithOrdinals, TableType):
    pass


class _DeclaredUnion(_WithOrdinals, UnionType):
    pass


def _without_none(hint: Any) -> Any:
    others = [item for item in get_args(hint) if item is not NoneType]
    return others[0] if get_origin(hint) in (TypingUnion, PythonUnion) and others else hint


def _annotated(hint: Any) -> Type:
    """The FIDL type that an annotation stands for."""
    inner = _without_none(hint)
    if inner is not hint:
        return _optional(_annotated(inner))
    if get_origin(hint) is Annotated:
        declared: Type = hint.__metadata__[0]
        return declared
    if isinstance(hint, type) and issubclass(hint, Struct | Table | Union):
        named: Type = hint.fidl
        return named
    raise DeclarationError(f"{hint!r} is no FIDL type")


def _optional(type: Type) -> Type:
    match type:
        case StructType():
            return types.Box(type)
        case UnionType():
            return OptionalUnion(type)
        case types.Text(max=max):
            return types.Text(max, optional=True)
        case types.Vector(of=of, max=max):
            return types.Vector(of, max, optional=True)
        case types.Handle(subtype=subtype, rights=rights):
            return types.Handle(subtype, rights, optional=True)
        case _:
            raise DeclarationError(f"{type!r} has no null")

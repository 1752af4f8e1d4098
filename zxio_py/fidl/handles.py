"""Finding the handles in a value, however wrong the value is otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zxio_py.fidl.types import (
    Array,
    Box,
    Handle,
    OptionalUnion,
    StructType,
    TableType,
    Type,
    UnionType,
    Vector,
)


def handles_in(type: Type, value: Any) -> list[int]:
    """Every handle in *value*, which need not be a proper one of *type*; each once.

    For values that could not be encoded: nothing here may fail over what is wrong with them, be it
    that they are too deep or contain themselves.
    """
    found: dict[int, None] = {}
    seen: set[int] = set()
    waiting: list[tuple[Type, Any]] = [(type, value)]
    while waiting:
        type, value = waiting.pop()
        if isinstance(type, Handle):
            if isinstance(value, int) and value:
                found[value] = None
        elif value is not None and id(value) not in seen:
            seen.add(id(value))
            waiting += reversed(list(_parts(type, value)))
            for unknown in getattr(value, "_unknown", ()):
                found.update(dict.fromkeys(unknown.handles))
    return list(found)


def _parts(type: Type, value: Any) -> Iterator[tuple[Type, Any]]:
    """What *value* consists of, with the types."""
    match type:
        case Vector(of=of) | Array(of=of):
            if isinstance(value, list | tuple):
                for element in value:
                    yield of, element
        case Box(of=of) | OptionalUnion(of=of):
            yield from _parts(of, value)
        case StructType() | TableType() | UnionType():
            for member in type.members:
                yield member.type, getattr(value, member.key, None)

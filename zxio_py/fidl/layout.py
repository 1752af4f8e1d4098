"""Sizes, alignments and padding of the inline part of each type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from zxio_py.fidl.errors import DeclarationError
from zxio_py.fidl.types import (
    Array,
    Bits,
    Box,
    Enum,
    Handle,
    Member,
    Primitive,
    StructType,
    Type,
)

#: Most pointers and out-of-line envelopes that may be followed to reach an object.
MAX_DEPTH = 32

#: Largest inline part of a type, bytes: many times what a message has, and little memory.
MAX_SIZE = 1 << 24

#: Largest value that an envelope holds itself.
INLINE_SIZE = 4


def padded(size: int) -> int:
    """*size* rounded up to whole words, as every object is."""
    return size + 7 & ~7


@dataclass(frozen=True)
class StructLayout:
    """Where the members of a struct lie."""

    size: int
    align: int
    #: Members with their offsets, in order.
    members: tuple[tuple[int, Member], ...]
    #: Bytes between and after the members, as (first, one past the last).
    gaps: tuple[tuple[int, int], ...]

    @cached_property
    def is_empty(self) -> bool:
        """Whether it has no members; it still takes a byte, which is 0."""
        return not self.members


def size_of(type: Type) -> int:
    """Bytes of a type's inline part."""
    return _measure(type, ())[0]


def layout_of(struct: StructType) -> StructLayout:
    """The layout of *struct*; `DeclarationError` if it contains itself without a pointer."""
    return _struct(struct, ())


def _measure(type: Type, inside: tuple[StructType, ...]) -> tuple[int, int]:
    """Size and alignment; *inside* are the structs being measured."""
    match type:
        case Primitive(size=size):
            return size, size
        case Enum() | Bits():
            return type.base.size, type.base.size
        case Handle():
            return 4, 4
        case Box():
            return 8, 8
        case Array(of=of, count=count):
            size, align = _measure(of, inside)
            if size * count > MAX_SIZE:
                raise DeclarationError(f"an array of {size * count} bytes")
            return size * count, align
        case StructType():
            layout = _struct(type, inside)
            return layout.size, layout.align
        case _:
            return 16, 8


def _struct(struct: StructType, inside: tuple[StructType, ...]) -> StructLayout:
    if struct in inside:
        raise DeclarationError(f"struct {struct.name} contains itself; box it")
    inside = (*inside, struct)
    offset, largest = 0, 1
    members: list[tuple[int, Member]] = []
    gaps: list[tuple[int, int]] = []
    for member in struct.members:
        size, align = _measure(member.type, inside)
        start = -(-offset // align) * align
        if start > offset:
            gaps.append((offset, start))
        members.append((start, member))
        offset = start + size
        largest = max(largest, align)
    end = -(-max(offset, 1) // largest) * largest
    if members and end > offset:
        gaps.append((offset, end))
    if end > MAX_SIZE:
        raise DeclarationError(f"struct {struct.name} has {end} bytes")
    return StructLayout(end, largest, tuple(members), tuple(gaps))

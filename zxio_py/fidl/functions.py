"""What making encoders and making decoders have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct as Form
from threading import RLock
from typing import Any

from zxio_py.fidl.layout import size_of
from zxio_py.fidl.types import (
    Bits,
    Enum,
    Member,
    Primitive,
    StructType,
    TableType,
    Type,
    UnionType,
)

#: Held while functions are made: another thread must not see one that is not there yet.
_MAKING = RLock()


def function_of(
    type: StructType | TableType | UnionType,
    purpose: str,
    makers: Mapping[str, Callable[[Any], Callable[..., Any]]],
) -> Callable[..., Any]:
    """The one function of a declared type for *purpose*, made by the maker of its kind.

    While it is being made, those who ask get one that will look it up: the type contains itself.
    """
    functions = type.functions
    with _MAKING:
        if purpose not in functions:

            def later(*arguments: Any) -> Any:
                return functions[purpose](*arguments)

            functions[purpose] = later
            try:
                functions[purpose] = makers[type.kind](type)
            finally:
                if functions[purpose] is later:  # it could not be made
                    del functions[purpose]
        return functions[purpose]


def number_code(type: Type) -> str:
    """The letter of `struct` for numbers that travel as they are; empty for other types."""
    if isinstance(type, Enum | Bits):
        return "" if type.strict else type.base.code
    return type.code if isinstance(type, Primitive) and type.code not in "?f" else ""


def is_byte(type: Type) -> bool:
    """Whether vectors and arrays of *type* are bytes in Python."""
    return isinstance(type, Primitive) and type.code == "B"


def runs(members: Sequence[tuple[int, Member]]) -> list[tuple[int, int]]:
    """Members by index, neighbours that are plain numbers together: (first, one past the last)."""
    found: list[tuple[int, int]] = []
    for index, (_, member) in enumerate(members):
        if index and number_code(member.type) and number_code(members[index - 1][1].type):
            found[-1] = (found[-1][0], index + 1)
        else:
            found.append((index, index + 1))
    return found


def run_form(members: Sequence[tuple[int, Member]]) -> Form:
    """How members that are plain numbers lie, from the first to the last of them."""
    text, at = "<", members[0][0]
    for offset, member in members:
        text += f"{offset - at}x{number_code(member.type)}"
        at = offset + size_of(member.type)
    return Form(text)

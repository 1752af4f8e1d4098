"""Reading parts of a JSON document, each mistake one `InputError` that says where."""

from __future__ import annotations

from typing import Any, TypeVar

from harness.errors import InputError
from harness.program.values import brief

T = TypeVar("T")

#: What JSON calls its types.
_NAMES: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
}


def is_a(value: Any, kind: type[T], where: str) -> T:
    """*value*, which must be of exactly *kind*."""
    if type(value) is not kind:
        raise InputError(f"{brief(value)} is not {_NAMES[kind]}", where=where)
    return value


def entry(document: dict[str, Any], key: str, kind: type[T], where: str) -> T:
    """What *document* has under *key*, which must be there."""
    if key not in document:
        raise InputError(f'no "{key}"', where=where)
    return is_a(document[key], kind, f"{where}: {key}")


def optional(document: dict[str, Any], key: str, kind: type[T], default: T, where: str) -> T:
    """The same with a default for what is not there."""
    return entry(document, key, kind, where) if key in document else default


def hexadecimal(text: str, where: str) -> bytes:
    """The bytes that *text* spells."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InputError(f"{brief(text)} is not hexadecimal", where=where) from None

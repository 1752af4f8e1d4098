"""Numbers and constants in program files, and how a wrong value is shown in an error."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

from zxio_py.abi import CONSTANTS
from zxio_py.abi.zxio import ZXIO_CONSTANTS

_MASK64: Final = (1 << 64) - 1

Json: TypeAlias = Any


class BadValueError(ValueError):
    """A JSON value that is not what it must be; the text is the problem."""


def brief(value: Json) -> str:
    """*value* for an error message: ASCII, and cut where it is long."""
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


@lru_cache(maxsize=4096)
def _parse_word(word: str) -> int:
    """Value of one number or constant name."""
    if word.startswith(("ZX_", "ZXIO_")):
        value = CONSTANTS.get(word)
        if value is None:
            value = ZXIO_CONSTANTS.get(word)
        if value is None:
            raise BadValueError(f"unknown constant {brief(word)}")
        return value
    digits = word.removeprefix("-")
    try:
        if digits[:2] in ("0x", "0X") and digits[2:].isalnum():
            value = int(digits[2:], 16)
        elif digits.isdecimal() and digits.isascii() and len(digits) <= 20:
            value = int(digits)
        else:
            raise ValueError
    except ValueError:
        raise BadValueError(f"{brief(word)} is neither a number nor a constant") from None
    return -value if word.startswith("-") else value


@lru_cache(maxsize=4096)
def _parse_text(text: str) -> int:
    value = 0
    for word in text.split("|"):
        value |= _parse_word(word.strip())
    return value


def integer(value: Json, least: int = -(1 << 63), most: int = _MASK64) -> int:
    """The integer a JSON number or text stands for; `BadValueError` outside *least* .. *most*."""
    if type(value) is str:
        value = _parse_text(value)
    elif type(value) is not int:
        raise BadValueError(f"{brief(value)} is not a whole number or a constant")
    if not least <= value <= most:
        if (least, most) == (-(1 << 63), _MASK64):
            raise BadValueError(f"{brief(value)} does not fit in 64 bits")
        raise BadValueError(f"{brief(value)} is not between {least} and {most}")
    return cast(int, value)

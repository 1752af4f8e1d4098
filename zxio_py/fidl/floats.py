"""float32 as a Python float, without changing a NaN.

Conversion by the processor makes a signalling NaN a quiet one.  FIDL passes floats as they are, so
the bits of a NaN are moved by hand: the sign, and the payload at the top of the fraction.
"""

from __future__ import annotations

from struct import Struct

_SINGLE = Struct("<f")
_SINGLE_BITS = Struct("<I")
_DOUBLE = Struct("<d")
_DOUBLE_BITS = Struct("<Q")

_SINGLE_FRACTION = (1 << 23) - 1
_SINGLE_INFINITY = 0xFF << 23
_SINGLE_QUIET = 1 << 22
_DOUBLE_INFINITY = 0x7FF << 52
_DOUBLE_FRACTION = (1 << 52) - 1
#: How much further up the fraction of a double begins.
_SHIFT = 52 - 23


def pack_float32(value: float) -> bytes:
    """Four bytes; OverflowError if *value* is too large."""
    if value == value:
        return _SINGLE.pack(value)
    (bits,) = _DOUBLE_BITS.unpack(_DOUBLE.pack(value))
    fraction = (bits & _DOUBLE_FRACTION) >> _SHIFT
    # A payload that is all in the low bits may not become the fraction of an infinity.
    return _SINGLE_BITS.pack(bits >> 63 << 31 | _SINGLE_INFINITY | (fraction or _SINGLE_QUIET))


def unpack_float32(data: bytes, at: int) -> float:
    """The number in the four bytes at *at*."""
    (value,) = _SINGLE.unpack_from(data, at)
    if value != value:
        (bits,) = _SINGLE_BITS.unpack_from(data, at)
        fraction = (bits & _SINGLE_FRACTION) << _SHIFT
        (value,) = _DOUBLE.unpack(_DOUBLE_BITS.pack(bits >> 31 << 63 | _DOUBLE_INFINITY | fraction))
    return float(value)

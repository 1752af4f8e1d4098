"""Packing the records that calls hand out, from their layouts in the ABI."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from zxio_py import abi


def record(name: str | None, /, **values: int | bytes) -> bytes:
    """A record of the structure *name*: members not given are zero, bytes are padded with NUL."""
    assert name is not None
    total, members = _layout(name)
    data = bytearray(total)
    for member, value in values.items():
        offset, size = members[member]
        if isinstance(value, int):
            value = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
        data[offset : offset + len(value)] = value
    return bytes(data)


@cache
def _layout(name: str) -> tuple[int, Mapping[str, tuple[int, int]]]:
    """Size of a structure, offset and size of its members."""
    layout = abi.STRUCTS[name]
    return layout.size, {field.name: (field.offset, field.size) for field in layout.fields}

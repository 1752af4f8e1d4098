"""Packing the records that calls hand out, from their layouts in the ABI."""

from __future__ import annotations

from zxio_py import abi


def record(name: str | None, /, **values: int | bytes) -> bytes:
    """A record of the structure *name*: members not given are zero, bytes are padded with NUL."""
    assert name is not None
    layout = abi.STRUCTS[name]
    data = bytearray(layout.size)
    for member, value in values.items():
        field = layout.field(member)
        if isinstance(value, int):
            mask = (1 << 8 * field.size) - 1
            value = (value & mask).to_bytes(field.size, "little")
        data[field.offset : field.offset + len(value)] = value
    return bytes(data)

"""Records that zx_object_get_info fills in: the edition's layout and that of late 2022."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from zxio_py import abi
from zxio_py.abi.editions import Edition
from zxio_py.abi.model import Struct


@dataclass(frozen=True, slots=True)
class Layout:
    """How a record of *old* becomes one of *new*: members by their names, the rest zero."""

    old: Struct
    new: Struct

    @property
    def blank(self) -> tuple[tuple[int, int], ...]:
        """(offset, length) of what only the edition has a meaning for, or leaves as it was."""
        known = {field.name for field in self.old.fields if not field.name.startswith("padding")}
        return tuple(
            (field.offset, field.size) for field in self.new.fields if field.name not in known
        )

    @property
    def moved(self) -> bool:
        """Whether the record has another size."""
        return self.old.size != self.new.size

    def convert(self, data: bytes) -> bytes:
        """The 2022 record for the edition's at the start of *data*.

        Members that the edition does not have are zero.
        """
        record = bytearray(self.new.size)
        for field in self.new.fields:
            if field.name.startswith("padding"):
                continue
            made = _MADE.get((self.new.name, field.name))
            value = made(self.old, data) if made else _member(self.old, data, field.name)
            record[field.offset : field.offset + field.size] = value.to_bytes(field.size, "little")
        return bytes(record)


def _member(struct: Struct, data: bytes, name: str) -> int:
    """A member's value; 0 if the record has none of this name."""
    for field in struct.fields:
        if field.name == name:
            return int.from_bytes(data[field.offset : field.offset + field.size], "little")
    return 0


def _return_code(struct: Struct, data: bytes) -> int:
    value = _member(struct, data, "return_code")
    return value | 0xFFFFFFFF00000000 if value >> 31 else value


def _process_flags(struct: Struct, data: bytes) -> int:
    names = ("started", "exited", "debugger_attached")
    return sum(1 << bit for bit, name in enumerate(names) if _member(struct, data, name))


#: Members of 2022 that are said in other words before: by record and member.
_MADE: Final[Mapping[tuple[str, str], Callable[[Struct, bytes], int]]] = {
    ("zx_info_process_t", "return_code"): _return_code,
    ("zx_info_process_t", "flags"): _process_flags,
    ("zx_info_resource_t", "base"): lambda struct, data: _member(struct, data, "low"),
    ("zx_info_resource_t", "size"): lambda struct, data: (
        (_member(struct, data, "high") - _member(struct, data, "low") + 1) & 0xFFFFFFFFFFFFFFFF
    ),
}


def layout(edition: Edition, record: str | None) -> Layout | None:
    """The layout of *record* in both editions; None if there is no record or it is the same."""
    if record is None or record not in abi.STRUCTS:
        return None
    found = Layout(edition.structs[record], abi.STRUCTS[record])
    return found if found.old != found.new else None

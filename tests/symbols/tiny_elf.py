"""Small ELF shared objects made byte by byte, to have any symbols in either class and order."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TinySymbol:
    name: bytes
    info: int = 0x10
    other: int = 0
    section: int = 0
    value: int = 0
    size: int = 0


@dataclass
class TinyElf:
    """What goes into the file; `build` lays it out, each byte at the address of its offset."""

    symbols: Sequence[TinySymbol] = ()
    wide: bool = True
    order: str = "<"
    machine: int = 62
    #: Indices of symbols that relocations name.
    relocated: Sequence[int] = ()
    #: Where all of these write to.
    relocation_place: int = 1 << 20
    #: What the hash table says; None for the truth.
    hash_count: int | None = None
    sections: bool = True
    #: Further tags of the dynamic segment.
    tags: Sequence[tuple[int, int]] = ()
    #: Names as they are, with the place of each symbol's name, instead of those of the symbols.
    strings: bytes | None = None
    name_places: Sequence[int] = ()
    tail: bytes = b""
    #: Where each table came to lie, filled in by `build`.
    places: dict[str, int] = field(default_factory=dict)

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)

    def build(self) -> bytes:
        word = "Q" if self.wide else "I"
        head, program = (64, 56) if self.wide else (52, 32)
        strings, places = self._strings()
        table = b"".join(
            self._symbol(place, symbol)
            for place, symbol in zip([0, *places], [TinySymbol(b"", 0), *self.symbols], strict=True)
        )
        count = len(self.symbols) + 1
        hashes = self.pack("IIII", 1, count if self.hash_count is None else self.hash_count, 0, 0)
        shift = 32 if self.wide else 8
        relocations = b"".join(
            self.pack(word * 3, self.relocation_place, index << shift | 1, 0)
            for index in self.relocated
        )
        at = head + 2 * program
        for name, content in (
            ("dynsym", table),
            ("hash", hashes),
            ("rela", relocations),
            ("dynstr", strings),
        ):
            self.places[name] = at
            at += len(content) + -len(content) % 8
        self.places["dynamic"] = at
        tags = [
            (6, self.places["dynsym"]),
            (11, len(table) // count),
            (5, self.places["dynstr"]),
            (10, len(strings)),
            (4, self.places["hash"]),
            *([(7, self.places["rela"]), (8, len(relocations))] if relocations else []),
            *self.tags,
            (0, 0),
        ]
        dynamic = b"".join(self.pack(word * 2, *tag) for tag in tags)
        end = at + len(dynamic) + len(self.tail)
        body = b"".join(
            content + bytes(-len(content) % 8) for content in (table, hashes, relocations, strings)
        )
        section_at = end if self.sections else 0
        section_headers = self._sections(len(table), len(strings)) if self.sections else b""
        header = b"\x7fELF" + bytes((1 + self.wide, 1 + (self.order == ">"), 1)) + bytes(9)
        size = 64 if self.wide else 40
        header += self.pack(f"HHI{word * 3}IHHHHHH", 3, self.machine, 1, 0, head, section_at, 0,
                            head, program, 2, size, 3 * self.sections, 0)  # fmt: skip
        programs = self._program(1, 0, end) + self._program(2, at, len(dynamic))
        return header + programs + body + dynamic + self.tail + section_headers

    def _strings(self) -> tuple[bytes, Sequence[int]]:
        if self.strings is not None:
            return self.strings, self.name_places
        text, places = b"\0", []
        for symbol in self.symbols:
            places.append(len(text) if symbol.name else 0)
            text += symbol.name + b"\0" if symbol.name else b""
        return text, places

    def _symbol(self, place: int, symbol: TinySymbol) -> bytes:
        if self.wide:
            return self.pack("IBBHQQ", place, symbol.info, symbol.other, symbol.section,
                             symbol.value, symbol.size)  # fmt: skip
        return self.pack("IIIBBH", place, symbol.value, symbol.size, symbol.info, symbol.other,
                         symbol.section)  # fmt: skip

    def _program(self, kind: int, offset: int, size: int) -> bytes:
        if self.wide:
            return self.pack("IIQQQQQQ", kind, 4, offset, offset, offset, size, size, 8)
        return self.pack("IIIIIIII", kind, offset, offset, offset, size, size, 4, 8)

    def _sections(self, table: int, strings: int) -> bytes:
        rows = (
            (0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
            (0, 11, 2, self.places["dynsym"], self.places["dynsym"], table, 2, 1, 8,
             24 if self.wide else 16),
            (0, 3, 2, self.places["dynstr"], self.places["dynstr"], strings, 0, 0, 1, 0),
        )  # fmt: skip
        form = "IIQQQQIIQQ" if self.wide else "IIIIIIIIII"
        return b"".join(self.pack(form, *row) for row in rows)

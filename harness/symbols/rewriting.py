"""Relocations that change what the loader is reading.

A library may relocate its own dynamic segment, symbol table or names; what it imports then is
something else than the file says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.symbols.dynamic import DT_STRSZ, DT_STRTAB, DT_SYMTAB, relocation_tables
from harness.symbols.layout import (
    EM_386,
    EM_AARCH64,
    EM_ARM,
    EM_MIPS,
    EM_RISCV,
    EM_S390,
    EM_X86_64,
    PT_DYNAMIC,
    ElfImage,
)
from harness.symbols.model import SymbolFile
from harness.symbols.static import relocated_symbol

_DT_RELRSZ, _DT_RELR = 35, 36
#: Machine -> the relocation that copies a variable, as long as its symbol says.
_COPY_TYPES: Final = {
    EM_386: 5, EM_X86_64: 5, EM_AARCH64: 1024, EM_ARM: 20, EM_RISCV: 4, EM_S390: 9, EM_MIPS: 126,
    20: 19, 21: 19,
}  # fmt: skip


def rewritten_tables(file: SymbolFile) -> list[str]:
    """The tables that relocations of a library change, in words."""
    image = file.image
    if image is None or DT_SYMTAB not in file.tags:
        return []
    _, _, _, dynamic, _, size, _, _ = next(s for s in image.raw_segments if s[0] == PT_DYNAMIC)
    symbols = file.tags[DT_SYMTAB]
    symbols_end = symbols + len(file.symbols) * image.layout.symbol.size
    names = file.tags[DT_STRTAB]
    tables = {
        "dynamic segment": range(dynamic, dynamic + size),
        "symbol table": range(symbols, symbols_end),
        "names of symbols": range(names, names + file.tags[DT_STRSZ]),
    }
    # Most relocations are far from all of them.
    low = min(table.start for table in tables.values())
    high = max(table.stop for table in tables.values())
    found = set()
    for place, width in _places(file, image):
        if place < high and place + width > low:
            for name, table in tables.items():
                if place < table.stop and place + width > table.start:
                    found.add(name)
    return sorted(found)


def _places(file: SymbolFile, image: ElfImage) -> Iterator[tuple[int, int]]:
    """Address and number of the bytes that relocations write."""
    width = image.layout.word.size
    mask = 0xFFFFFFFF if image.layout.wide else 0xFF
    copy = _COPY_TYPES.get(image.machine)
    for start, size, form in relocation_tables(image, file.tags):
        for row in form.iter_unpack(image.mapped(start, size, "relocation table")):
            if row[1] & mask == copy:
                yield row[0], file.symbols[relocated_symbol(image, row[1])].size
            else:
                yield row[0], width
    if _DT_RELR in file.tags:
        size = file.tags.get(_DT_RELRSZ, 0)
        for place in _relative_places(image, file.tags[_DT_RELR], size):
            yield place, width


def _relative_places(image: ElfImage, start: int, size: int) -> Iterator[int]:
    """The places of DT_RELR: an address, or a bit for each of the words after the last."""
    word = image.layout.word
    size -= size % word.size
    place = 0
    for (entry,) in word.iter_unpack(image.mapped(start, size, "relocation table")):
        if not entry & 1:
            yield entry
            place = entry + word.size
            continue
        bits = entry >> 1
        at = place
        while bits:
            if bits & 1:
                yield at
            bits >>= 1
            at += word.size
        place += (8 * word.size - 1) * word.size

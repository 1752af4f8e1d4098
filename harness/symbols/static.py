"""Symbols of relocatable objects and of detached debug files, by their section headers.

A linker knows nothing but the sections of these files, so neither does this; what it would stumble
over is an `ElfError`.
"""

from __future__ import annotations

from harness.symbols.dynamic import machine_name, make_symbol, symbol_half
from harness.symbols.layout import ET_REL, SHT_REL, SHT_RELA, SHT_SYMTAB
from harness.symbols.model import Symbol, SymbolFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from harness.symbols.layout import AnyPath, ElfImage, Section

#: No honest table is longer; keeps memory and time bounded on hostile files.
_MAX_SYMBOLS = 1 << 22


def read_static(image: ElfImage, path: AnyPath) -> SymbolFile:
    """Read an object, or a debug file whose loaded parts are elsewhere."""
    symbols = static_symbols(image)
    kind = "object" if image.type == ET_REL else "debug file"
    return SymbolFile(
        path,
        kind,
        machine_name(image),
        imports=[s for s in symbols if s.name and not s.defined],
        load=lambda: symbols,
        image=image,
    )


def static_symbols(image: ElfImage) -> list[Symbol]:
    """Every entry of the symbol table in its order; empty for an object that needs none."""
    sections = image.sections()
    if not sections:
        image.fail("no section headers, which an object cannot do without")
    if image.type == ET_REL:
        image.check_sections()
    tables = [s for s in sections if s.type == SHT_SYMTAB]
    if len(tables) > 1:
        image.fail("more than one symbol table")
    if not tables:
        if image.type != ET_REL or any(s.type in (SHT_REL, SHT_RELA) for s in sections):
            image.fail("no symbol table")
        return []
    table = tables[0]
    form = image.layout.symbol
    if table.entry_size != form.size or table.size % form.size:
        image.fail("symbols of an unknown size")
    if table.size // form.size > _MAX_SYMBOLS:
        image.fail(f"claims {table.size // form.size} symbols")
    raw = image.section_data(table, "symbol table")
    if table.link >= len(sections):
        image.fail("the symbol table has no names")
    names = image.section_names(sections[table.link])
    wide = image.layout.wide
    symbols = [make_symbol(i, row, wide, names) for i, row in enumerate(form.iter_unpack(raw))]
    if image.type == ET_REL:
        for section in relocation_sections(sections, table):
            if any(index >= len(symbols) for _, index in relocation_entries(image, section)):
                image.fail("a relocation names a symbol that is not in the table")
    return symbols


def relocation_sections(sections: list[Section], table: Section) -> list[Section]:
    """The sections with relocations that name symbols of *table*."""
    return [s for s in sections if s.type in (SHT_REL, SHT_RELA) and s.link == table.index]


def relocation_entries(image: ElfImage, section: Section) -> list[tuple[int, int]]:
    """Offset and index of the symbol of each relocation of a section."""
    form = image.layout.rela if section.type == SHT_RELA else image.layout.rel
    raw = image.section_data(section, "relocations")
    if len(raw) % form.size:
        image.fail("relocations of an unknown size")
    return [(row[0], relocated_symbol(image, row[1])) for row in form.iter_unpack(raw)]


def relocated_symbol(image: ElfImage, info: int) -> int:
    """Index of the symbol in a relocation's second field."""
    if not image.layout.wide:
        return info >> 8
    swapped = image.layout.order == "<" and symbol_half(image) == 8
    return info & 0xFFFFFFFF if swapped else info >> 32

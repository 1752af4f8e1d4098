"""Where a library uses what it imports: the relocation, and the function around it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from harness.symbols.archive import member_images
from harness.symbols.code import references
from harness.symbols.dynamic import relocation_tables
from harness.symbols.elf import contents
from harness.symbols.functions import Functions, SectionFunctions
from harness.symbols.layout import EM_386, EM_AARCH64, EM_ARM, EM_X86_64, SHT_SYMTAB, ElfImage
from harness.symbols.model import SymbolFile
from harness.symbols.static import (
    relocated_symbol,
    relocation_entries,
    relocation_sections,
    static_symbols,
)
from harness.symbols.text import printable

#: Places named per symbol.
_MAX_PLACES: Final = 4

#: Relocations that fill a slot of the global offset table.
_SLOT_TYPES: Final = {EM_386: (6, 7), EM_X86_64: (6, 7), EM_AARCH64: (1025, 1026), EM_ARM: (21, 22)}
_TYPE_NAMES: Final = {6: "GLOB_DAT", 7: "JUMP_SLOT", 1025: "GLOB_DAT", 1026: "JUMP_SLOT",
                      21: "GLOB_DAT", 22: "JUMP_SLOT"}  # fmt: skip


def uses_of(file: SymbolFile, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """For each of the imported *names* the places that use it, in words; few if there are many."""
    wanted = frozenset(names)
    if not wanted:
        return {}
    places: dict[str, dict[str, None]] = {}
    for name, place in _all_uses(file, wanted):
        places.setdefault(name, {})[place] = None
    return {name: _few(list(found)) for name, found in places.items()}


def _few(places: list[str]) -> tuple[str, ...]:
    more = len(places) - _MAX_PLACES
    return (*places[:_MAX_PLACES], *([f"{more} more"] if more > 0 else ()))


def _all_uses(file: SymbolFile, wanted: frozenset[str]) -> Iterator[tuple[str, str]]:
    if file.kind == "archive":
        for image in member_images(contents(file.path), file.path):
            member = image.where[len(str(file.path)) :].strip("()")
            for name, place in _object_uses(image, wanted):
                yield name, f"{place} in {member}"
    elif file.kind == "object" and file.image is not None:
        yield from _object_uses(file.image, wanted)
    elif file.dynamic and file.image is not None:
        yield from _dynamic_uses(file, file.image, wanted)


def _object_uses(image: ElfImage, wanted: frozenset[str]) -> Iterator[tuple[str, str]]:
    symbols = static_symbols(image)
    sections = image.sections()
    functions = SectionFunctions(symbols)
    for table in (s for s in sections if s.type == SHT_SYMTAB):
        for section in relocation_sections(sections, table):
            for offset, index in relocation_entries(image, section):
                name = symbols[index].name
                if name not in wanted:
                    continue
                function = functions.of(section.info).around(offset)
                if function is None:
                    yield name, f"section {section.info} at {offset:#x}"
                else:
                    yield name, f"{printable(function.name)}+{offset - function.value:#x}"


def _dynamic_uses(
    file: SymbolFile, image: ElfImage, wanted: frozenset[str]
) -> Iterator[tuple[str, str]]:
    names = {s.index: s.name for s in file.imports if s.name in wanted}
    slot_types = _SLOT_TYPES.get(image.machine, ())
    slots: dict[int, tuple[str, str]] = {}
    data: Functions | None = None
    for address, kind, index in _relocations(file, image, names):
        if kind in slot_types:
            slots[address] = names[index], _TYPE_NAMES[kind]
            continue
        data = data or Functions.of_file(file, ("func", "ifunc", "object", "tls"))
        symbol = data.around(address)
        inside = f" in {printable(symbol.name)}" if symbol else ""
        yield names[index], f"relocation {kind} at {address:#x}{inside}"
    functions = Functions.of_file(file)
    code = references(file, slots.keys())
    for slot, (name, kind_name) in slots.items():
        for place in code.get(slot, ()):
            function = functions.around(place)
            if function is not None:
                yield name, f"{printable(function.name)}+{place - function.value:#x}"
            else:
                yield name, f"code at {place:#x}"
        if not code.get(slot):
            yield name, f"{kind_name} relocation at {slot:#x}"


def _relocations(
    file: SymbolFile, image: ElfImage, wanted: Collection[int]
) -> Iterator[tuple[int, int, int]]:
    """Address, type and symbol of the relocations of *wanted* symbols."""
    mask = 0xFFFFFFFF if image.layout.wide else 0xFF
    for start, size, form in relocation_tables(image, file.tags):
        for row in form.iter_unpack(image.mapped(start, size, "relocation table")):
            index = relocated_symbol(image, row[1])
            if index in wanted:
                yield row[0], row[1] & mask, index

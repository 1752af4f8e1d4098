"""Dynamic symbols of an ELF file, read from the dynamic segment as a loader does.

Section headers can be stripped and hash tables shortened without the loader minding, and tools
that trust either then report nothing, with success.  So the symbol table is found through
PT_DYNAMIC and its length is the largest of what the section, the hash tables and the relocations
say; where sections contradict the rest, that is reported too.  What cannot be read, or what
loaders would read in different ways, is an `ElfError`, never an empty list.
"""

from __future__ import annotations

import sys
from array import array

from harness.symbols.layout import (
    EM_386,
    EM_MIPS,
    EM_S390,
    ET_EXEC,
    MACHINES,
    PF_X,
    PT_DYNAMIC,
    PT_GNU_STACK,
    PT_INTERP,
    SHT_DYNAMIC,
    SHT_DYNSYM,
    Section,
)
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.versions import DT_VERSYM, Versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from struct import Struct

    from harness.symbols.layout import AnyPath, ElfImage, Names

DT_NULL, DT_NEEDED, DT_PLTRELSZ, DT_HASH, DT_STRTAB, DT_SYMTAB = 0, 1, 2, 4, 5, 6
DT_RELA, DT_RELASZ, DT_RELAENT, DT_STRSZ, DT_SYMENT, DT_SONAME, DT_RPATH = 7, 8, 9, 10, 11, 14, 15
DT_REL, DT_RELSZ, DT_RELENT, DT_PLTREL, DT_TEXTREL, DT_JMPREL = 17, 18, 19, 20, 22, 23
DT_RUNPATH, DT_FLAGS, DT_GNU_HASH = 29, 30, 0x6FFFFEF5
DT_MIPS_SYMTABNO = 0x70000011
DF_TEXTREL = 4

#: Other libraries that some loaders take in.
_COMPANIONS = {
    0x7FFFFFFD: "DT_AUXILIARY",
    0x7FFFFFFF: "DT_FILTER",
    0x6FFFFEFC: "DT_AUDIT",
    0x6FFFFEFB: "DT_DEPAUDIT",
}
#: Relocations in packed forms that are not read here; they name symbols as well.
_PACKED_RELOCATIONS = {0x6000000F: "DT_ANDROID_REL", 0x60000011: "DT_ANDROID_RELA", 38: "DT_CREL"}
#: Tags that may stand there many times.
_REPEATED = frozenset((DT_NEEDED, *_COMPANIONS))

#: No honest table is longer; keeps memory and time bounded on hostile files.
_MAX_SYMBOLS = 1 << 20
_MAX_DYNAMIC = 1 << 16
#: Words of a hash chain that are looked at together.
_CHAIN_STEP = 1 << 8
_ODD = bytes(byte & 1 for byte in range(256))
#: Relocations that are looked at together.
_RELOCATION_STEP = 1 << 12
_ALPHA = 0x9026


def read_dynamic(image: ElfImage, path: AnyPath) -> SymbolFile:
    """What a loader sees of a shared object or executable."""
    kind = "executable" if image.type == ET_EXEC else "shared object"
    place = _dynamic_segment(image)
    if place is None:
        return _static_executable(image, path)
    image.check_pages()
    return _Reader(image, place).read(path, kind)


def _dynamic_segment(image: ElfImage) -> tuple[int, int] | None:
    """Address and size of the dynamic segment; None for a static executable."""
    found = [s for s in image.raw_segments if s[0] == PT_DYNAMIC]
    if len(found) > 1:
        image.fail("more than one dynamic segment")
    if found:
        _, _, offset, address, _, size, _, _ = found[0]
        # Loaders go by the address, most tools by the offset.
        if image.find(address, 1) != offset:
            image.fail("the dynamic segment is not where it is mapped")
        return address, size
    if image.type != ET_EXEC or any(s[0] == PT_INTERP for s in image.raw_segments):
        image.fail("no dynamic segment: not a shared object")
    if any(row[1] in (SHT_DYNAMIC, SHT_DYNSYM) for row in image.section_rows()):
        image.fail("dynamic sections, but no dynamic segment")
    return None


def _static_executable(image: ElfImage, path: AnyPath) -> SymbolFile:
    file = SymbolFile(path, "executable", machine_name(image), imports=[], load=list, image=image)
    file.executable_stack = _executable_stack(image)
    return file


def machine_name(image: ElfImage) -> str:
    """ "x86_64" and its like, or the number of an unknown machine."""
    return MACHINES.get(image.machine) or str(image.machine)


def _executable_stack(image: ElfImage) -> bool | None:
    flags = [s[1] for s in image.raw_segments if s[0] == PT_GNU_STACK]
    return any(f & PF_X for f in flags) if flags else None


class _Reader:
    """One pass over a file."""

    def __init__(self, image: ElfImage, place: tuple[int, int]) -> None:
        self._image = image
        self._layout = image.layout
        self._place = place
        #: The value of each tag, and of those that may be repeated all values.
        self._tags: dict[int, int] = {}
        self._lists: dict[int, list[int]] = {}

    def read(self, path: AnyPath, kind: str) -> SymbolFile:
        """Everything a `SymbolFile` holds."""
        image = self._image
        self._read_tags()
        names = image.mapped_names(
            self._need(DT_STRTAB, "string table"),
            self._need(DT_STRSZ, "size of the string table"),
        )
        raw, contradictions = self._read_table(names.size)
        table = _Table(image, raw, names, self._tags)
        file = SymbolFile(
            path, kind, machine_name(image), imports=table.undefined(), load=table.all, image=image
        )
        file.tags = tags = self._tags
        file.versions = table.versions
        if DT_SONAME in tags:
            file.soname = names.get(tags[DT_SONAME])
        file.needed = tuple(map(names.get, self._lists.get(DT_NEEDED, ())))
        file.companions = tuple(
            (name, names.get(at))
            for tag, name in _COMPANIONS.items()
            for at in self._lists.get(tag, ())
        )
        file.search_paths = tuple(
            names.get(tags[tag]) for tag in (DT_RPATH, DT_RUNPATH) if tag in tags
        )
        file.text_relocations = DT_TEXTREL in tags or bool(tags.get(DT_FLAGS, 0) & DF_TEXTREL)
        file.executable_stack = _executable_stack(image)
        file.contradictions = contradictions
        return file

    def _read_tags(self) -> None:
        address, size = self._place
        raw = self._image.mapped(address, size, "dynamic segment")
        size -= size % self._layout.dynamic.size
        for tag, value in self._layout.dynamic.iter_unpack(raw[: min(size, 16 * _MAX_DYNAMIC)]):
            if tag == DT_NULL:
                break
            if tag in _REPEATED:
                self._lists.setdefault(tag, []).append(value)
            elif self._tags.setdefault(tag, value) != value:
                self._image.fail(f"the dynamic segment has tag {tag:#x} twice")
        else:
            self._image.fail("the dynamic segment does not end")
        for tag in _PACKED_RELOCATIONS.keys() & self._tags.keys():
            self._image.fail(f"packed relocations ({_PACKED_RELOCATIONS[tag]}) are not supported")

    def _need(self, tag: int, what: str) -> int:
        value = self._tags.get(tag)
        if value is None:
            self._image.fail(f"no dynamic {what}")
        return value

    # How many symbols ----------------------------------------------------------------------

    def _read_table(self, string_size: int) -> tuple[bytes, tuple[str, ...]]:
        """The table's bytes, and contradictions about it."""
        image = self._image
        address = self._need(DT_SYMTAB, "symbol table")
        size = self._layout.symbol.size
        if self._tags.get(DT_SYMENT, size) != size:
            image.fail("symbols of an unknown size")
        sections = image.section_rows()
        tables = [Section(0, row) for row in sections if row[1] == SHT_DYNSYM]
        counts = [
            ("section headers", tables[0].size // size if tables else None),
            ("hash table", self._count_by_hash()),
            ("GNU hash table", self._count_by_gnu_hash()),
            ("relocations", self._count_by_relocations()),
            ("dynamic segment", self._tags.get(DT_MIPS_SYMTABNO)),
        ]
        known = [(name, count) for name, count in counts if count is not None]
        if not known:
            image.fail("nothing says how many symbols there are")
        count = max(count for _, count in known)
        if count > _MAX_SYMBOLS:
            image.fail(f"claims {count} symbols")
        contradictions = list(self._contradictions(sections, tables, address, string_size))
        if tables:
            contradictions += [
                f"section headers say {counts[0][1]} dynamic symbols, the {name} {other}"
                for name, other in known
                if other > (counts[0][1] or 0)
            ]
        return image.mapped(address, count * size, "symbol table"), tuple(contradictions)

    def _contradictions(
        self,
        sections: list[tuple[int, ...]],
        tables: list[Section],
        address: int,
        string_size: int,
    ) -> Iterator[str]:
        """What sections say against the dynamic segment; a file may have no sections at all."""
        if not sections:
            return
        if len(tables) != 1:
            yield f"section headers have {len(tables)} dynamic symbol tables"
        names = self._tags[DT_STRTAB]
        for table in tables:
            if (table.address, table.offset) != (address, self._image.find(address, 0)):
                yield "section headers have another dynamic symbol table than the dynamic segment"
            # Address, offset and size.
            link = sections[table.link][3:6] if table.link < len(sections) else None
            if link != (names, self._image.find(names, 0), string_size):
                yield "section headers have other names of symbols than the dynamic segment"
        if any(row[1] == SHT_DYNAMIC and row[3] != self._place[0] for row in sections):
            yield "section headers have another dynamic section than the dynamic segment"

    def _count_by_hash(self) -> int | None:
        table = self._tags.get(DT_HASH)
        if table is None:
            return None
        form = self._layout.u32
        # Two machines have words of 64 bits in this table, unless lld made it.
        if self._layout.wide and self._image.machine in (EM_S390, _ALPHA):
            buckets = self._layout.word.unpack(self._image.mapped(table, 8, "hash table"))[0]
            if buckets < 1 << 32:
                form = self._layout.word
        raw = self._image.mapped(table + form.size, form.size, "hash table")
        count: int = form.unpack(raw)[0]
        return count

    def _count_by_gnu_hash(self) -> int | None:
        table = self._tags.get(DT_GNU_HASH)
        if table is None:
            return None
        head = self._image.mapped(table, 12, "GNU hash table")
        bucket_count, first, bloom = self._words(head)
        buckets = table + 16 + bloom * self._layout.word.size
        words = self._words(self._image.mapped(buckets, 4 * bucket_count, "GNU hash table"))
        last = max(words, default=0)
        if last < first:
            return first
        chain = buckets + 4 * bucket_count + 4 * (last - first)
        return last + 1 + self._words_before_end(chain)

    def _words_before_end(self, address: int) -> int:
        """How many words of a hash chain come before its last, which is odd."""
        low = 0 if self._layout.order == "<" else 3
        offset = self._image.find(address, 4)
        passed = 0
        while offset is not None:
            words = self._image.data[offset : offset + 4 * _CHAIN_STEP]
            odd = words[low::4].translate(_ODD).find(1)
            if odd >= 0:
                passed += odd
                if self._image.find(address, 4 * passed + 4) is None:
                    break
                return passed
            passed += _CHAIN_STEP
            offset = self._image.find(address + 4 * passed, 4)
        self._image.fail("a chain of the GNU hash table does not end")

    def _count_by_relocations(self) -> int | None:
        highest = -1
        view = memoryview(self._image.data)
        for start, size, form in relocation_tables(self._image, self._tags):
            offset = self._image.place(start, size, "relocation table")
            # In parts, which use the same memory one after the other.
            step = form.size * _RELOCATION_STEP
            for part in range(offset, offset + size, step):
                raw = view[part : min(part + step, offset + size)]
                highest = max(highest, self._highest_symbol(raw, form.size))
        return highest + 1 if highest >= 0 else None

    def _highest_symbol(self, raw: memoryview, size: int) -> int:
        words = self._words(raw)
        if not self._layout.wide:
            return max(words[1 :: size // 4]) >> 8
        column = words[symbol_half(self._image) // 4 :: size // 4]
        # Most relocations have no symbol, and they stand together.
        if column.tobytes() == bytes(4 * len(column)):
            return 0
        return max(column)

    def _words(self, raw: bytes | memoryview) -> array[int]:
        words = array("I")
        words.frombytes(raw)
        if (self._layout.order == "<") != (sys.byteorder == "little"):
            words.byteswap()
        return words


def symbol_half(image: ElfImage) -> int:
    """Where in a 64-bit relocation the 32 bits of its symbol lie."""
    # MIPS has them first in both byte orders.
    return 12 if image.layout.order == "<" and image.machine != EM_MIPS else 8


def relocation_tables(image: ElfImage, tags: dict[int, int]) -> Iterator[tuple[int, int, Struct]]:
    """Address, size in bytes, and form of the entries of each relocation table."""
    layout = image.layout
    forms = {DT_RELA: layout.rela, DT_REL: layout.rel}
    plt = tags.get(DT_PLTREL, DT_REL if image.machine == EM_386 else DT_RELA)
    if plt not in forms:
        image.fail(f"relocations of the unknown kind {plt}")
    for start, size, entry, form in (
        (DT_RELA, DT_RELASZ, DT_RELAENT, layout.rela),
        (DT_REL, DT_RELSZ, DT_RELENT, layout.rel),
        (DT_JMPREL, DT_PLTRELSZ, None, forms[plt]),
    ):
        if start not in tags:
            continue
        length = tags.get(size)
        if length is None or length % form.size:
            image.fail("a relocation table without its length, or with a wrong one")
        if entry is not None and tags.get(entry, form.size) != form.size:
            image.fail("relocations of an unknown size")
        if length:
            yield tags[start], length, form


def _without_version(symbol: Symbol) -> None:
    """What a file without versions does to its symbols."""


class _Table:
    """The symbol table of a file, decoded as far as it is needed."""

    def __init__(self, image: ElfImage, raw: bytes, names: Names, tags: dict[int, int]) -> None:
        self._raw = raw
        self._names = names
        self._form = image.layout.symbol
        self._wide = image.layout.wide
        count = len(raw) // self._form.size
        self.versions = Versions(image, tags, names, count) if DT_VERSYM in tags else None
        self._apply = self.versions.apply if self.versions else _without_version

    def undefined(self) -> list[Symbol]:
        """Undefined symbols with a name, found in bulk: there may be many defined ones."""
        size = self._form.size
        count = len(self._raw) // size
        at = 6 if self._wide else 14
        low, high = self._raw[at::size], self._raw[at + 1 :: size]
        either = int.from_bytes(low, "little") | int.from_bytes(high, "little")
        sections = either.to_bytes(count, "little")
        found = []
        unpack, name_of, apply = self._form.unpack_from, self._names.get, self._apply
        # The first entry stands for no symbol.
        index = sections.find(0, 1)
        while index >= 0:
            row = unpack(self._raw, index * size)
            if row[0]:
                name, info, other, section, value, length = row if self._wide else _widened(row)
                symbol = Symbol(index, name_of(name), info, other, section, value, length)
                if symbol.name:
                    apply(symbol)
                    found.append(symbol)
            index = sections.find(0, index + 1)
        return found

    def all(self) -> list[Symbol]:
        """Every entry in the order of the table."""
        rows = self._form.iter_unpack(self._raw)
        symbols = [make_symbol(i, row, self._wide, self._names) for i, row in enumerate(rows)]
        for symbol in symbols:
            self._apply(symbol)
        return symbols


def make_symbol(index: int, row: tuple[int, ...], wide: bool, names: Names) -> Symbol:
    """A symbol from the fields of its entry."""
    name, info, other, section, value, size = row if wide else _widened(row)
    return Symbol(index, names.get(name), info, other, section, value, size)


def _widened(row: tuple[int, ...]) -> tuple[int, ...]:
    """The fields of a 32-bit entry in the order of a 64-bit one."""
    name, value, size, info, other, section = row
    return name, info, other, section, value, size

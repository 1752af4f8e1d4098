"""Dynamic symbols of an ELF file, read from the dynamic segment as a loader does.

Section headers can be stripped and hash tables shortened without the loader minding, and tools
that trust either then report nothing, with success.  So the symbol table is found through
PT_DYNAMIC and its length is the largest of what the section, the hash tables and the relocations
say; where sections claim less than the others, that is reported too.  What cannot be read is an
`ElfError`, never an empty list.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct, error
from typing import Final, TypeAlias

from harness.errors import InputError

#: Contents of the file, mapped or read.
Image: TypeAlias = mmap.mmap | bytes

_PT_LOAD, _PT_DYNAMIC, _PT_GNU_STACK = 1, 2, 0x6474E551
_PF_X, _PF_W = 1, 2
_SHT_DYNSYM = 11

_DT_NULL, _DT_NEEDED, _DT_PLTRELSZ, _DT_HASH, _DT_STRTAB, _DT_SYMTAB = 0, 1, 2, 4, 5, 6
_DT_RELA, _DT_RELASZ, _DT_STRSZ, _DT_SYMENT, _DT_SONAME, _DT_RPATH = 7, 8, 10, 11, 14, 15
_DT_REL, _DT_RELSZ, _DT_PLTREL, _DT_TEXTREL, _DT_JMPREL = 17, 18, 20, 22, 23
_DT_RUNPATH, _DT_FLAGS, _DT_GNU_HASH = 29, 30, 0x6FFFFEF5
_DF_TEXTREL = 4

#: No honest table is longer; keeps memory and time bounded on hostile files.
_MAX_SYMBOLS: Final = 1 << 24
_MAX_DYNAMIC: Final = 1 << 16

_BINDINGS: Final = {0: "local", 1: "global", 2: "weak", 10: "unique"}
_TYPES: Final = {
    0: "notype",
    1: "object",
    2: "func",
    3: "section",
    4: "file",
    5: "common",
    6: "tls",
    10: "ifunc",
}
_VISIBILITIES: Final = ("default", "internal", "hidden", "protected")

MACHINES: Final = {3: "x86", 40: "arm", 62: "x86_64", 183: "arm64", 243: "riscv"}


class ElfError(InputError):
    """The file is not a readable ELF file with dynamic symbols."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One entry of the dynamic symbol table."""

    name: str
    #: "func", "object", "tls", "notype" ...
    type: str
    #: "global", "weak" or "local".
    binding: str
    visibility: str
    defined: bool
    #: Value (address in the file's own space) and size in bytes.
    value: int
    size: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the file that is mapped; offsets and sizes in bytes."""

    offset: int
    address: int
    file_size: int
    memory_size: int
    executable: bool
    writable: bool


@dataclass(slots=True)
class DynamicFile:
    """What a loader sees of a file."""

    path: Path
    #: "x86_64", "arm64" ... or the number of an unknown machine.
    machine: str
    soname: str
    needed: tuple[str, ...]
    #: DT_RPATH and DT_RUNPATH entries.
    search_paths: tuple[str, ...]
    text_relocations: bool
    #: Whether the stack would be executable; None if the file does not say.
    executable_stack: bool | None
    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...]
    #: Contradictions between what sections, hash tables and relocations say.
    contradictions: tuple[str, ...] = field(default=())

    @property
    def imports(self) -> list[Symbol]:
        """Undefined symbols that something else must provide, sorted by name."""
        return sorted(
            (s for s in self.symbols if not s.defined and s.name and s.binding != "local"),
            key=lambda s: s.name,
        )

    @property
    def exports(self) -> list[Symbol]:
        """Defined symbols that others can bind to, sorted by name."""
        return sorted(
            (
                s
                for s in self.symbols
                if s.defined
                and s.name
                and s.binding != "local"
                and s.visibility in ("default", "protected")
                and s.type not in ("section", "file")
            ),
            key=lambda s: s.name,
        )


def read_elf(path: Path) -> DynamicFile:
    """Read the file at *path*; `ElfError` if any part that matters cannot be read."""
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) == 0:
                raise ElfError("an empty file", where=str(path))
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
                return _Reader(image, path).read()
    except OSError as failure:
        raise ElfError(f"cannot read it: {failure.strerror}", where=str(path)) from None
    except (error, IndexError, OverflowError, ValueError):
        raise ElfError("truncated or damaged ELF file", where=str(path)) from None


def read_executable_code(path: Path, segment: Segment) -> bytes:
    """The bytes of a segment, as far as the file holds them."""
    with path.open("rb") as file:
        file.seek(segment.offset)
        return file.read(segment.file_size)


class _Reader:
    """One pass over a file."""

    def __init__(self, image: Image, path: Path) -> None:
        self._image = image
        self._path = path
        ident = image[:16]
        if ident[:4] != b"\x7fELF":
            self._fail("not an ELF file")
        if ident[4] not in (1, 2) or ident[5] not in (1, 2):
            self._fail("unknown ELF class or byte order")
        self._wide = ident[4] == 2
        order = "<" if ident[5] == 1 else ">"
        word = "Q" if self._wide else "I"
        self._word = Struct(order + word)
        self._u32 = Struct(order + "I")
        self._header = Struct(f"{order}HHI{word * 3}IHHHHHH")
        self._segment = Struct(order + ("IIQQQQQQ" if self._wide else "IIIIIIII"))
        self._section = Struct(order + ("IIQQQQIIQQ" if self._wide else "IIIIIIIIII"))
        self._dynamic = Struct(order + word * 2)
        self._symbol = Struct(order + ("IBBHQQ" if self._wide else "IIIBBH"))
        self._rela = Struct(order + word * 3)
        self._rel = Struct(order + word * 2)
        self._symbol_shift = 32 if self._wide else 8
        self._segments: list[tuple[int, ...]] = []
        self._tags: dict[int, list[int]] = {}

    def _fail(self, why: str) -> None:
        raise ElfError(why, where=str(self._path))

    def read(self) -> DynamicFile:
        """Everything a `DynamicFile` holds."""
        header = self._header.unpack_from(self._image, 16)
        self._read_segments(header[4], header[8], header[9])
        self._read_dynamic()
        symbols, contradictions = self._read_symbols(header)
        names = self._strings()
        stack = [s for s in self._segments if s[0] == _PT_GNU_STACK]
        flags = self._tags.get(_DT_FLAGS, [0])[0]
        paths = self._tags.get(_DT_RPATH, []) + self._tags.get(_DT_RUNPATH, [])
        return DynamicFile(
            path=self._path,
            machine=MACHINES.get(header[1], str(header[1])),
            soname=self._name(names, self._tags[_DT_SONAME][0]) if _DT_SONAME in self._tags else "",
            needed=tuple(self._name(names, at) for at in self._tags.get(_DT_NEEDED, [])),
            search_paths=tuple(self._name(names, at) for at in paths),
            text_relocations=_DT_TEXTREL in self._tags or bool(flags & _DF_TEXTREL),
            executable_stack=bool(stack[0][1] & _PF_X) if stack else None,
            segments=tuple(
                Segment(s[2], s[3], s[5], s[6], bool(s[1] & _PF_X), bool(s[1] & _PF_W))
                for s in self._segments
                if s[0] == _PT_LOAD
            ),
            symbols=symbols,
            contradictions=contradictions,
        )

    # Headers -------------------------------------------------------------------------------

    def _read_segments(self, offset: int, size: int, count: int) -> None:
        if count and size != self._segment.size:
            self._fail(f"program headers of {size} bytes")
        for index in range(count):
            fields = self._segment.unpack_from(self._image, offset + index * size)
            if not self._wide:
                # 32-bit headers have the flags near their end.
                fields = (fields[0], fields[6], *fields[1:6], fields[7])
            if fields[0] == _PT_LOAD and fields[2] + fields[5] > len(self._image):
                self._fail("a segment lies outside the file")
            self._segments.append(fields)

    def _offset(self, address: int, size: int) -> int:
        """File offset of *size* mapped bytes."""
        for kind, _, offset, start, _, file_size, _, _ in self._segments:
            if kind == _PT_LOAD and start <= address and address + size <= start + file_size:
                place = offset + address - start
                if place + size > len(self._image):
                    self._fail("a table lies outside the file")
                return place
        self._fail(f"a table at {address:#x} is not in any loaded segment")
        raise AssertionError

    def _read_dynamic(self) -> None:
        found = [s for s in self._segments if s[0] == _PT_DYNAMIC]
        if not found:
            self._fail("no dynamic segment: not a shared object")
        offset, size = found[0][2], found[0][5]
        for index in range(min(size // self._dynamic.size, _MAX_DYNAMIC)):
            tag, value = self._dynamic.unpack_from(self._image, offset + index * self._dynamic.size)
            if tag == _DT_NULL:
                return
            self._tags.setdefault(tag, []).append(value)
        self._fail("the dynamic segment does not end")

    def _tag(self, tag: int) -> int | None:
        values = self._tags.get(tag)
        return values[0] if values else None

    # Symbols -------------------------------------------------------------------------------

    def _read_symbols(self, header: tuple[int, ...]) -> tuple[tuple[Symbol, ...], tuple[str, ...]]:
        table = self._tag(_DT_SYMTAB)
        if table is None:
            self._fail("no dynamic symbol table")
            raise AssertionError
        if self._tag(_DT_SYMENT) not in (None, self._symbol.size):
            self._fail("symbols of an unknown size")
        counts = {
            "section headers": self._count_by_section(header, table),
            "hash table": self._count_by_hash(),
            "GNU hash table": self._count_by_gnu_hash(),
            "relocations": self._count_by_relocations(),
        }
        known = {name: count for name, count in counts.items() if count is not None}
        if not known:
            self._fail("nothing says how many symbols there are")
        count = max(known.values())
        if count > _MAX_SYMBOLS:
            self._fail(f"claims {count} symbols")
        sections = counts["section headers"]
        contradictions = tuple(
            f"section headers say {sections} dynamic symbols, the {name} {other}"
            for name, other in known.items()
            if sections is not None and other > sections
        )
        size = self._symbol.size
        start = self._offset(table, count * size)
        names = self._strings()
        raw = self._symbol.iter_unpack(self._image[start : start + count * size])
        return tuple(self._make_symbol(fields, names) for fields in raw), contradictions

    def _make_symbol(self, fields: tuple[int, ...], names: bytes) -> Symbol:
        if self._wide:
            name, info, other, section, value, size = fields
        else:
            name, value, size, info, other, section = fields
        return Symbol(
            name=self._name(names, name),
            type=_TYPES.get(info & 15, str(info & 15)),
            binding=_BINDINGS.get(info >> 4, str(info >> 4)),
            visibility=_VISIBILITIES[other & 3],
            defined=section != 0,
            value=value,
            size=size,
        )

    def _strings(self) -> bytes:
        table, size = self._tag(_DT_STRTAB), self._tag(_DT_STRSZ)
        if table is None or size is None:
            self._fail("no dynamic string table")
            raise AssertionError
        start = self._offset(table, size)
        return self._image[start : start + size]

    def _name(self, names: bytes, at: int) -> str:
        end = names.find(b"\0", at) if at < len(names) else -1
        if end < 0:
            self._fail("a name lies outside the string table")
        return names[at:end].decode("utf-8", "backslashreplace")

    def _count_by_section(self, header: tuple[int, ...], table: int) -> int | None:
        offset, size, count = header[5], header[10], header[11]
        if offset == 0 or count == 0:
            return None
        if size != self._section.size:
            self._fail(f"section headers of {size} bytes")
        for index in range(count):
            fields = self._section.unpack_from(self._image, offset + index * size)
            if fields[1] == _SHT_DYNSYM and fields[3] == table:
                size_in_bytes: int = fields[5]
                return size_in_bytes // self._symbol.size
        return None

    def _count_by_hash(self) -> int | None:
        table = self._tag(_DT_HASH)
        if table is None:
            return None
        return self._u32_at(table + 4)

    def _count_by_gnu_hash(self) -> int | None:
        table = self._tag(_DT_GNU_HASH)
        if table is None:
            return None
        bucket_count, first, bloom = (self._u32_at(table + 4 * index) for index in range(3))
        buckets = table + 16 + bloom * self._word.size
        chains = buckets + 4 * bucket_count
        start = self._offset(buckets, 4 * bucket_count)
        raw = self._image[start : start + 4 * bucket_count]
        last = max((index for (index,) in self._u32.iter_unpack(raw)), default=0)
        if last < first:
            return first
        while not self._u32_at(chains + 4 * (last - first)) & 1:
            last += 1
        return last + 1

    def _u32_at(self, address: int) -> int:
        value: int = self._u32.unpack_from(self._image, self._offset(address, 4))[0]
        return value

    def _count_by_relocations(self) -> int | None:
        highest = -1
        for address, size, form in self._relocation_tables():
            start = self._offset(address, size)
            size -= size % form.size
            entries = form.iter_unpack(self._image[start : start + size])
            shift = self._symbol_shift
            highest = max(highest, max((entry[1] >> shift for entry in entries), default=-1))
        return highest + 1 if highest >= 0 else None

    def _relocation_tables(self) -> Iterator[tuple[int, int, Struct]]:
        plt = self._rela if self._tag(_DT_PLTREL) in (_DT_RELA, None) else self._rel
        for start, size, form in (
            (_DT_RELA, _DT_RELASZ, self._rela),
            (_DT_REL, _DT_RELSZ, self._rel),
            (_DT_JMPREL, _DT_PLTRELSZ, plt),
        ):
            address, length = self._tag(start), self._tag(size)
            if address is not None and length:
                yield address, length, form

"""The structures of an ELF file: header, program headers, sections, and where addresses lie.

On the way of every file, so it loads nothing but `struct`.
"""

from __future__ import annotations

from struct import Struct

from harness.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap
    from os import PathLike
    from typing import NoReturn, TypeAlias

    #: Contents of a file, mapped or read.
    Data: TypeAlias = mmap | bytes
    AnyPath: TypeAlias = str | PathLike[str]

ET_REL, ET_EXEC, ET_DYN = 1, 2, 3
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK = 1, 2, 3, 0x6474E551
PF_X, PF_W = 1, 2
SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_DYNAMIC, SHT_NOBITS = 2, 3, 4, 6, 8
SHT_REL, SHT_DYNSYM = 9, 11
SHF_ALLOC, SHF_EXECINSTR = 2, 4

EM_386, EM_MIPS, EM_S390, EM_ARM, EM_X86_64, EM_AARCH64, EM_RISCV = 3, 8, 22, 40, 62, 183, 243
MACHINES = {
    EM_386: "x86",
    EM_MIPS: "mips",
    20: "ppc",
    21: "ppc64",
    EM_S390: "s390x",
    EM_ARM: "arm",
    EM_X86_64: "x86_64",
    EM_AARCH64: "arm64",
    EM_RISCV: "riscv",
}

#: The most bytes of names that are taken from one file.  Names may overlap in their table, so a
#: hostile file of a few megabytes could otherwise ask for any amount of memory.
_MAX_NAMES = 1 << 28
#: The smallest page, in bytes, that any of the machines has.
_PAGE = 1 << 12


class ElfError(InputError):
    """The file is not a readable ELF file, archive or object with symbols."""


class Layout:
    """How structures of one class and byte order lie in a file."""

    __slots__ = (
        "dynamic",
        "header",
        "order",
        "rel",
        "rela",
        "section",
        "segment",
        "symbol",
        "u32",
        "wide",
        "word",
    )

    def __init__(self, wide: bool, order: str) -> None:
        """*wide* for 64 bits; *order* is ``<`` or ``>``."""
        word = "Q" if wide else "I"
        self.wide = wide
        self.order = order
        self.u32 = Struct(order + "I")
        self.word = Struct(order + word)
        self.header = Struct(f"{order}HHI{word * 3}IHHHHHH")
        self.segment = Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII"))
        self.section = Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
        self.dynamic = Struct(order + word * 2)
        self.symbol = Struct(order + ("IBBHQQ" if wide else "IIIBBH"))
        self.rela = Struct(order + word * 3)
        self.rel = Struct(order + word * 2)


_LAYOUTS: dict[tuple[int, int], Layout] = {}


def layout_of(ident: bytes) -> Layout | None:
    """The layout that the first bytes of a file tell; None if they are no ELF file's."""
    kind = ident[4], ident[5]
    if kind not in _LAYOUTS:
        if kind[0] not in (1, 2) or kind[1] not in (1, 2):
            return None
        _LAYOUTS[kind] = Layout(kind[0] == 2, "<" if kind[1] == 1 else ">")
    return _LAYOUTS[kind]


class Segment:
    """A part of the file that is mapped; offsets, addresses and sizes in bytes."""

    __slots__ = ("address", "executable", "file_size", "memory_size", "offset", "writable")

    def __init__(self, fields: tuple[int, ...]) -> None:
        """*fields* in the order of a 64-bit program header."""
        _, flags, self.offset, self.address, _, self.file_size, self.memory_size, _ = fields
        self.executable = bool(flags & PF_X)
        self.writable = bool(flags & PF_W)


class Section:
    """A section header; offsets, addresses and sizes in bytes."""

    __slots__ = (
        "address", "entry_size", "flags", "index", "info", "link", "name", "offset", "size", "type",
    )  # fmt: skip

    def __init__(self, index: int, fields: tuple[int, ...]) -> None:
        """*fields* in the order of the file."""
        self.index = index
        (
            self.name, self.type, self.flags, self.address, self.offset,
            self.size, self.link, self.info, _, self.entry_size,
        ) = fields  # fmt: skip


class Names:
    """A string table, left where it is in the file."""

    __slots__ = ("_data", "_end", "_left", "_start", "_where", "size")

    def __init__(self, data: Data, start: int, size: int, where: str) -> None:
        """*size* bytes at *start*; *where* names the file in errors."""
        self._data = data
        self._start = start
        self._end = start + size
        self._left = _MAX_NAMES
        self._where = where
        self.size = size

    def get(self, at: int) -> str:
        """The name at an offset; `ElfError` if it does not end in the table."""
        at += self._start
        data = self._data
        end = data.find(b"\0", at, self._end)
        if end < 0:
            raise ElfError("a name lies outside the string table", where=self._where)
        self._left -= end - at
        if self._left < 0:
            raise ElfError("its names are too long altogether", where=self._where)
        return data[at:end].decode("utf-8", "backslashreplace")


class ElfImage:
    """The headers of one file and its contents."""

    __slots__ = (
        "_section_place", "data", "layout", "machine", "raw_segments", "segments", "type", "where",
    )  # fmt: skip

    def __init__(self, data: Data, path: AnyPath) -> None:
        """Read the headers; `ElfError` names *path*."""
        self.data = data
        self.where = str(path)
        ident = data[:16]
        if ident[:4] != b"\x7fELF":
            self.fail("not an ELF file")
        layout = layout_of(ident) if len(ident) == 16 else None
        if layout is None:
            self.fail("unknown ELF class or byte order, or a damaged header")
        self.layout: Layout = layout
        header = layout.header.unpack(self.take(16, layout.header.size, "header"))
        self.type: int = header[0]
        self.machine: int = header[1]
        self._section_place: tuple[int, int, int] = header[5], header[10], header[11]
        #: Program headers in the order of 64-bit ones: type, flags, offset, address, ...
        self.raw_segments = self._read_segments(header[4], header[8], header[9])
        self.segments = tuple(Segment(s) for s in self.raw_segments if s[0] == PT_LOAD)
        self._check_segments()

    def fail(self, why: str) -> NoReturn:
        """Raise the error that names the file."""
        raise ElfError(why, where=self.where)

    def take(self, offset: int, size: int, what: str) -> bytes:
        """A part of the file; an error names it as *what* if it is not there as a whole."""
        if offset + size > len(self.data):
            self.fail(f"truncated or damaged: the {what} lies outside the file")
        return self.data[offset : offset + size]

    def _read_segments(self, offset: int, size: int, count: int) -> list[tuple[int, ...]]:
        if not count:
            return []
        form = self.layout.segment
        if size != form.size:
            self.fail(f"program headers of {size} bytes")
        rows = form.iter_unpack(self.take(offset, size * count, "program header table"))
        if self.layout.wide:
            return list(rows)
        # 32-bit headers have the flags near their end.
        return [(row[0], row[6], *row[1:6], row[7]) for row in rows]

    def _check_segments(self) -> None:
        """Loaded segments lie in the file, in order, and do not overlap: each address is one."""
        # Each byte of the file is looked at a few times, not as often as a header asks for it.
        if sum(segment.file_size for segment in self.segments) > 2 * len(self.data):
            self.fail("loaded segments overlap in the file")
        end = 0
        for segment in self.segments:
            if segment.offset + segment.file_size > len(self.data):
                self.fail("truncated or damaged: a segment lies outside the file")
            if segment.file_size > segment.memory_size:
                self.fail("a segment has more bytes in the file than in memory")
            if segment.address < end:
                self.fail("loaded segments overlap or are not in order")
            end = segment.address + segment.memory_size

    def check_pages(self) -> None:
        """Loaded segments are where loaders map them, which is by pages: no page is of two."""
        end = skew = 0
        for segment in self.segments:
            distance = segment.offset - segment.address
            if distance % _PAGE and segment.file_size:
                self.fail("a segment's place in the file is not that of its pages")
            if segment.address // _PAGE * _PAGE < end and distance != skew:
                self.fail("two segments lie in one page")
            if segment.file_size:
                end = -(-(segment.address + segment.file_size) // _PAGE) * _PAGE
                skew = distance

    def find(self, address: int, size: int) -> int | None:
        """File offset of *size* mapped bytes; None if the file does not hold them."""
        for segment in self.segments:
            skew = address - segment.address
            if skew >= 0 and skew + size <= segment.file_size:
                return segment.offset + skew
        return None

    def place(self, address: int, size: int, what: str) -> int:
        """As `find`, but an error names the bytes as *what* if the file does not hold them."""
        offset = self.find(address, size)
        if offset is None:
            self.fail(f"the {what} at {address:#x} is not in any loaded segment")
        return offset

    def mapped(self, address: int, size: int, what: str) -> bytes:
        """The bytes at an address."""
        offset = self.place(address, size, what)
        return self.data[offset : offset + size]

    def mapped_names(self, address: int, size: int) -> Names:
        """The string table at an address."""
        return Names(self.data, self.place(address, size, "string table"), size, self.where)

    def sections(self) -> list[Section]:
        """The section headers; empty if there are none.  `ElfError` if they cannot be read."""
        return [Section(index, row) for index, row in enumerate(self.section_rows())]

    def check_sections(self) -> None:
        """The sections of an object together are no longer than its file."""
        total = sum(row[5] for row in self.section_rows() if row[1] != SHT_NOBITS)
        if total > len(self.data):
            self.fail("truncated or damaged: sections overlap or lie outside the file")

    def section_rows(self) -> list[tuple[int, ...]]:
        """The section headers as tuples: name, type, flags, address, offset, size, link ..."""
        offset, size, count = self._section_place
        if offset == 0:
            return []
        form = self.layout.section
        if size != form.size:
            self.fail(f"section headers of {size} bytes")
        if count == 0:
            # More than fit into the header's field: the first section has the count.
            count = form.unpack(self.take(offset, size, "section header table"))[5]
        return list(form.iter_unpack(self.take(offset, size * count, "section header table")))

    def section_names(self, section: Section) -> Names:
        """A section that is a string table."""
        self.section_data(section, "string table")
        return Names(self.data, section.offset, section.size, self.where)

    def section_data(self, section: Section, what: str) -> bytes:
        """Contents of a section."""
        if section.type == SHT_NOBITS:
            self.fail(f"the {what} is not in the file")
        return self.take(section.offset, section.size, what)

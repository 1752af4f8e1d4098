"""System-call instructions in what can be executed.

A library with a clean import list and a system call of its own is the interesting case.  x86 is
searched byte by byte; bytes that lie inside another instruction are told apart, but told: they
could be jumped to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from harness.symbols.archive import member_images
from harness.symbols.elf import contents
from harness.symbols.functions import Functions, SectionFunctions
from harness.symbols.layout import ET_REL, MACHINES, SHF_EXECINSTR, SHT_NOBITS, ElfImage
from harness.symbols.model import SymbolFile
from harness.symbols.static import static_symbols
from harness.symbols.x86 import reaches

_X86: Final = {b"\x0f\x05": "syscall", b"\x0f\x34": "sysenter", b"\xcd\x80": "int 0x80"}
_ECALL: Final = b"\x73\x00\x00\x00"
# svc #imm16 is 0xd4000001 with the number in bits 5 to 20.
_SVC: Final = 0xD4000001
_SVC_MASK: Final = 0xFFE0001F
_SVC_TOP: Final = 0xD4

#: Bytes that are looked at together.
_CHUNK: Final = 1 << 20
#: More findings than this say nothing more.
_MAX_CALLS: Final = 1000
#: Where decoding begins before bytes in question, and from how many places: whatever alignment is
#: the right one is among them, and the wrong ones fall in step with it on the way.
_BEFORE: Final = 64
_TRIES: Final = 16

SCANNED: Final = frozenset(("x86", "x86_64", "arm64", "riscv"))


@dataclass(frozen=True, slots=True)
class RawCall:
    """One instruction that enters the kernel."""

    address: int
    instruction: str
    #: The function around it; empty where no symbol covers it.
    symbol: str
    #: The bytes are part of another instruction, by all ways to come to them from before.
    inside: bool = False
    #: The member of an archive; else empty.
    member: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a file that can be executed; address, place and size in bytes."""

    address: int
    offset: int
    size: int
    #: For an object, the section.
    section: int = 0


def find_raw_calls(file: SymbolFile) -> list[RawCall]:
    """Every such instruction of a file for x86, arm64 or RISC-V, in order, 1000 at most."""
    if file.machine not in SCANNED:
        return []
    found: list[RawCall] = []
    for member, image in _images(file):
        for call in _calls(image, file):
            found.append(RawCall(call.address, call.instruction, call.symbol, call.inside, member))
            if len(found) == _MAX_CALLS:
                return found
    return sorted(found, key=lambda call: (call.member, call.address))


def _images(file: SymbolFile) -> Iterator[tuple[str, ElfImage]]:
    """Name and headers of each member of an archive, or of the file itself."""
    if file.image is not None:
        yield "", file.image
    else:
        for image in member_images(contents(file.path), file.path):
            yield image.where[len(str(file.path)) :].strip("()"), image


def _calls(image: ElfImage, file: SymbolFile) -> Iterator[RawCall]:
    # Most files have no such instruction, so functions are looked up when there is one.
    @cache
    def sections() -> SectionFunctions:
        return SectionFunctions(static_symbols(image))

    @cache
    def functions(section: int) -> Functions:
        return sections().of(section) if image.type == ET_REL else Functions.of_file(file)

    machine = MACHINES[image.machine]
    for part in _parts(image):
        for place, name in _hits(image, part, machine):
            around = functions(part.section)
            address = part.address + place
            inside = machine in ("x86", "x86_64") and not _reached(
                image, part, place, around, machine == "x86_64"
            )
            yield RawCall(address, name, around.name(address), inside)


def _parts(image: ElfImage) -> Iterator[_Part]:
    if image.type == ET_REL:
        for section in image.sections():
            if section.flags & SHF_EXECINSTR and section.type != SHT_NOBITS:
                image.section_data(section, "code")
                yield _Part(0, section.offset, section.size, section.index)
        return
    for segment in image.segments:
        if segment.executable:
            yield _Part(segment.address, segment.offset, segment.file_size)


def _hits(image: ElfImage, part: _Part, machine: str) -> Iterator[tuple[int, str]]:
    """Place in a part and name of each instruction."""
    for start in range(0, part.size, _CHUNK):
        # Instructions across the border belong to the first chunk.
        end = part.offset + min(part.size, start + _CHUNK + 3)
        code = image.data[part.offset + start : end]
        address = part.address + start
        if machine == "arm64":
            hits = _svc(code, -address % 4)
        elif machine == "riscv":
            hits = ((at, "ecall") for at in _occurrences(code, _ECALL) if not (address + at) % 2)
        else:
            hits = ((at, name) for text, name in _X86.items() for at in _occurrences(code, text))
        for at, name in hits:
            if at < _CHUNK:
                yield start + at, name


def _occurrences(code: bytes, pattern: bytes) -> Iterator[int]:
    at = code.find(pattern)
    while at >= 0:
        yield at
        at = code.find(pattern, at + 1)


def _svc(code: bytes, first: int) -> Iterator[tuple[int, str]]:
    """Words that are ``svc``; *first* is the first place on a border of words."""
    tops = code[first + 3 :: 4]
    for index in _occurrences(tops, bytes((_SVC_TOP,))):
        at = first + 4 * index
        # Instructions are little endian on big-endian arm64 too.
        if int.from_bytes(code[at : at + 4], "little") & _SVC_MASK == _SVC:
            yield at, "svc"


def _reached(image: ElfImage, part: _Part, place: int, functions: Functions, wide: bool) -> bool:
    """Whether some way through the x86 code before *place* comes to an instruction there."""
    begin = max(0, place - _BEFORE)
    code = image.data[part.offset + begin : part.offset + min(part.size, place + 16)]
    target = place - begin
    starts = set(range(_TRIES)) if begin else {0}
    first = part.address + begin
    starts |= {start - first for start in functions.starts(first, first + target + 1)}
    return any(reaches(code, start, target, wide) for start in starts)

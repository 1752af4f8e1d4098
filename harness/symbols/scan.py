"""System-call instructions in executable segments.

A library with a clean import list and a system call of its own is the interesting case.  x86 is
searched byte by byte, so an operand that looks like one of the instructions is found as well: it
could be jumped to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.symbols.functions import Functions
from harness.symbols.layout import ET_REL, SHF_EXECINSTR, SHT_NOBITS, ElfImage
from harness.symbols.model import SymbolFile

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

SCANNED: Final = frozenset(("x86", "x86_64", "arm64", "riscv"))


@dataclass(frozen=True, slots=True)
class RawCall:
    """One instruction that enters the kernel."""

    address: int
    instruction: str
    #: The function around it; empty where no symbol covers it.
    symbol: str


def find_raw_calls(file: SymbolFile) -> list[RawCall]:
    """Every such instruction of a file for x86, arm64 or RISC-V, by address, 1000 at most."""
    if file.machine not in SCANNED or file.image is None:
        return []
    functions: Functions | None = None
    found: list[RawCall] = []
    for address, offset, size in _code(file.image):
        for place, name in _hits(file, offset, size, address):
            functions = functions or Functions(file)
            found.append(RawCall(place, name, functions.name(place)))
            if len(found) == _MAX_CALLS:
                return found
    return sorted(found, key=lambda call: call.address)


def _code(image: ElfImage) -> Iterator[tuple[int, int, int]]:
    """Address, place in the file and size of what can be executed."""
    if image.type == ET_REL:
        for section in image.sections():
            if section.flags & SHF_EXECINSTR and section.type != SHT_NOBITS:
                image.section_data(section, "code")
                yield 0, section.offset, section.size
        return
    for segment in image.segments:
        if segment.executable:
            yield segment.address, segment.offset, segment.file_size


def _hits(file: SymbolFile, offset: int, size: int, address: int) -> Iterator[tuple[int, str]]:
    """Address and name of each instruction in a part of the file."""
    assert file.image is not None
    for start in range(0, size, _CHUNK):
        # Instructions across the border belong to the first chunk.
        code = file.image.data[offset + start : offset + min(size, start + _CHUNK + 3)]
        limit = min(_CHUNK, size - start)
        if file.machine == "arm64":
            hits = _svc(code, -(address + start) % 4)
        elif file.machine == "riscv":
            hits = ((at, "ecall") for at in _occurrences(code, _ECALL) if not (address + at) % 2)
        else:
            hits = ((at, name) for text, name in _X86.items() for at in _occurrences(code, text))
        for at, name in hits:
            if at < limit:
                yield address + start + at, name


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

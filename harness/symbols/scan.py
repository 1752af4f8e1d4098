"""System-call instructions in executable segments.

A library with a clean import list and a system call of its own is the interesting case.  x86 is
searched byte by byte, so an operand that looks like one of the instructions is reported as well:
it could be jumped to.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final

from harness.symbols.elf import DynamicFile, read_executable_code

_X86: Final = re.compile(rb"\x0f\x05|\x0f\x34|\xcd\x80", re.DOTALL)
_X86_NAMES: Final = {b"\x0f\x05": "syscall", b"\x0f\x34": "sysenter", b"\xcd\x80": "int 0x80"}

# svc #imm16 is 0xd4000001 with the number in bits 5 to 20; in bytes, little endian.
_SVC: Final = re.compile(rb"[\x01\x21\x41\x61\x81\xa1\xc1\xe1].[\x00-\x1f]\xd4", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RawCall:
    """One instruction that enters the kernel."""

    address: int
    instruction: str
    #: The exported function around it; empty where no symbol covers it.
    symbol: str


def find_raw_calls(file: DynamicFile) -> list[RawCall]:
    """Every such instruction of an x86 or arm64 file, by address; none for other machines."""
    covers = _SymbolCover(file)
    found = []
    for segment in file.segments:
        if not segment.executable:
            continue
        code = read_executable_code(file.path, segment)
        if file.machine in ("x86", "x86_64"):
            hits = [(m.start(), _X86_NAMES[m.group()]) for m in _X86.finditer(code)]
        elif file.machine == "arm64":
            skew = segment.address % 4
            hits = [(m.start(), "svc") for m in _SVC.finditer(code) if not (m.start() + skew) % 4]
        else:
            hits = []
        for offset, name in hits:
            address = segment.address + offset
            found.append(RawCall(address, name, covers.name(address)))
    return found


class _SymbolCover:
    """Which exported function an address lies in."""

    def __init__(self, file: DynamicFile) -> None:
        functions = [s for s in file.exports if s.type == "func"]
        self._functions = sorted(functions, key=lambda s: s.value)
        self._starts = [s.value for s in self._functions]

    def name(self, address: int) -> str:
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return ""
        symbol = self._functions[index]
        return symbol.name if address < symbol.value + symbol.size else ""

"""Which code refers to a slot of the global offset table.

Functions reach what they import through such slots, directly or by a stub of the procedure linkage
table.  This finds the usual instruction sequences of x86-64 and arm64; it serves messages, so what
it misses makes them shorter and no verdict different.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from struct import Struct
from typing import Final

from harness.symbols.functions import Functions
from harness.symbols.layout import EM_AARCH64, EM_X86_64, ElfImage
from harness.symbols.model import SymbolFile

#: No more than this many bytes of code are looked at.
_MAX_CODE: Final = 1 << 24

#: call or jmp *slot(%rip), mov slot(%rip), %reg, cmp $0, slot(%rip): then four bytes of distance.
_X86_SLOT: Final = re.compile(
    rb"(?=(?:\xff[\x15\x25]|[\x48\x4c]\x8b[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]|\x48\x83\x3d)(.{4}))",
    re.DOTALL,
)
_X86_BRANCH: Final = re.compile(rb"(?=[\xe8\xe9](.{4}))", re.DOTALL)
#: A stub's jump may come after endbr64, a bnd prefix, or both.
_X86_STUB_STARTS: Final = (0, 1, 4, 5)
_ARM_STUB_STARTS: Final = (4, 8)
_DISTANCE: Final = Struct("<i")
_WORDS: Final = Struct("<I")


def references(file: SymbolFile, slots: Collection[int]) -> dict[int, list[int]]:
    """Slot -> addresses of the instructions that use it, those of stubs replaced by their callers.

    Nothing for other machines.
    """
    image = file.image
    if image is None or image.machine not in (EM_X86_64, EM_AARCH64) or not slots:
        return {}
    x86 = image.machine == EM_X86_64
    direct = list((_x86_slots if x86 else _arm_slots)(image, slots))
    functions = Functions.of_file(file)
    found: dict[int, list[int]] = {}
    stubs: dict[int, int] = {}
    for address, slot in direct:
        if functions.around(address) is None:
            starts = _X86_STUB_STARTS if x86 else _ARM_STUB_STARTS
            stubs |= {address - start: slot for start in starts}
        found.setdefault(slot, []).append(address)
    callers = (_x86_branches if x86 else _arm_branches)(image, stubs) if stubs else iter(())
    for address, target in callers:
        if functions.around(address) is not None:
            found[stubs[target]].append(address)
    return {
        slot: sorted({a for a in places if functions.around(a) is not None}) or sorted(set(places))
        for slot, places in found.items()
    }


def _code(image: ElfImage) -> Iterator[tuple[int, bytes]]:
    """Address and bytes of what can be executed."""
    left = _MAX_CODE
    for segment in image.segments:
        if segment.executable and left > 0:
            size = min(segment.file_size, left)
            yield segment.address, image.data[segment.offset : segment.offset + size]
            left -= size


def _x86_slots(image: ElfImage, slots: Collection[int]) -> Iterator[tuple[int, int]]:
    for start, code in _code(image):
        for match in _X86_SLOT.finditer(code):
            end = start + match.end(1)
            # The comparison has one more byte, its operand.
            end += code[match.start() + 1] == 0x83
            target = end + _DISTANCE.unpack(match[1])[0]
            if target in slots:
                yield start + match.start(), target


def _x86_branches(image: ElfImage, targets: Collection[int]) -> Iterator[tuple[int, int]]:
    for start, code in _code(image):
        for match in _X86_BRANCH.finditer(code):
            target = start + match.end(1) + _DISTANCE.unpack(match[1])[0]
            if target in targets:
                yield start + match.start(), target


def _arm_slots(image: ElfImage, slots: Collection[int]) -> Iterator[tuple[int, int]]:
    for start, code in _code(image):
        pages: dict[int, int] = {}
        for index, (word,) in enumerate(_WORDS.iter_unpack(code[: len(code) & ~3])):
            if word & 0x9F000000 == 0x90000000:  # adrp
                distance = (word >> 5 & 0x7FFFF) << 2 | word >> 29 & 3
                distance -= (distance & 1 << 20) << 1
                pages[word & 31] = (start + 4 * index & ~0xFFF) + (distance << 12)
            elif word & 0xFFC00000 == 0xF9400000 and (base := word >> 5 & 31) in pages:  # ldr
                target = pages[base] + (word >> 10 & 0xFFF) * 8
                if target in slots:
                    yield start + 4 * index, target


def _arm_branches(image: ElfImage, targets: Collection[int]) -> Iterator[tuple[int, int]]:
    for start, code in _code(image):
        for index, (word,) in enumerate(_WORDS.iter_unpack(code[: len(code) & ~3])):
            if word & 0x7C000000 == 0x14000000:  # b, bl
                distance = word & 0x3FFFFFF
                distance -= (distance & 1 << 25) << 1
                target = start + 4 * index + 4 * distance
                if target in targets:
                    yield start + 4 * index, target

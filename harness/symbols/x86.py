"""How long x86 instructions are: enough to tell an instruction from bytes inside of another."""

from __future__ import annotations

from typing import Final

#: No instruction is longer, in bytes.
_LONGEST: Final = 15


def _bytes(text: str) -> frozenset[int]:
    """The numbers of ``00-03 62``."""
    found: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(found)


_PREFIXES: Final = _bytes("66 67 f0 f2 f3 2e 36 3e 26 64 65")
# Opcodes of one byte: with ModRM, with an operand of one byte, with one of the operand's size.
_MODRM: Final = _bytes(
    "00-03 08-0b 10-13 18-1b 20-23 28-2b 30-33 38-3b 62-63 69 6b 80-8f c0-c1 c4-c7 d0-d3 d8-df"
    " f6-f7 fe-ff"
)
_BYTE: Final = _bytes(
    "04 0c 14 1c 24 2c 34 3c 6a-6b 70-7f 80 82-83 a8 b0-b7 c0-c1 c6 cd d4-d5 e0-e7 eb"
)
_FULL: Final = _bytes("05 0d 15 1d 25 2d 35 3d 68-69 81 a9 b8-bf c7 e8-e9")
_INVALID_64: Final = _bytes("06-07 0e 16-17 1e-1f 27 2f 37 3f 60-61 82 9a c4-c5 ce d4-d6 ea")
# Opcodes after 0f.
_NO_MODRM_0F: Final = _bytes("04-09 0b 0e 30-37 77 80-8f a0-a2 a8-aa c8-cf")
_BYTE_0F: Final = _bytes("0f 70-73 a4 ac ba c2 c4-c6")


class _Damaged(Exception):
    """No instruction, or one that is cut off."""


class _Decoder:
    """One instruction at a time."""

    def __init__(self, code: bytes, wide: bool) -> None:
        self._code = code
        self._wide = wide
        self._at = 0
        self._operand16 = False
        self._address16 = False
        self._short_address = False
        self._rex_w = False

    def extent(self, start: int) -> tuple[int, int]:
        """Where the opcode begins and where the next instruction does."""
        self._at = start
        self._operand16 = self._short_address = self._rex_w = False
        while (byte := self._peek()) in _PREFIXES:
            self._operand16 |= byte == 0x66
            self._short_address |= byte == 0x67
            self._at += 1
        self._address16 = self._short_address and not self._wide
        if self._wide and self._peek() & 0xF0 == 0x40:
            self._rex_w = bool(self._peek() & 8)
            self._at += 1
        opcode_at = self._at
        self._instruction()
        if self._at > len(self._code) or self._at - start > _LONGEST:
            raise _Damaged
        return opcode_at, self._at

    def _peek(self, ahead: int = 0) -> int:
        if self._at + ahead >= len(self._code):
            raise _Damaged
        return self._code[self._at + ahead]

    def _instruction(self) -> None:
        opcode = self._peek()
        # In 32 bits these are old instructions unless what follows can be no memory operand.
        extended = self._wide or (opcode in (0x62, 0xC4, 0xC5) and self._peek(1) >= 0xC0)
        if opcode == 0x0F:
            self._two_bytes()
        elif opcode in (0xC4, 0xC5, 0x62) and extended:
            self._vector(opcode)
        elif opcode == 0x8F and self._peek(1) & 0x1F >= 8:
            self._xop()
        elif self._wide and opcode in _INVALID_64:
            raise _Damaged
        else:
            self._one_byte(opcode)

    def _one_byte(self, opcode: int) -> None:
        self._at += 1
        full = 2 if self._operand16 else 4
        if 0xA0 <= opcode <= 0xA3:  # an address without ModRM
            size = 8 if self._wide else 4
            self._at += size // 2 if self._short_address else size
        elif opcode in (0xC2, 0xCA):
            self._at += 2
        elif opcode == 0xC8:
            self._at += 3
        elif opcode in (0x9A, 0xEA):
            self._at += full + 2
        if opcode in _MODRM:
            register = self._modrm()
            if opcode in (0xF6, 0xF7) and register < 2:
                self._at += 1 if opcode == 0xF6 else full
        if opcode in _BYTE:
            self._at += 1
        elif opcode in _FULL:
            if self._wide and opcode in (0xE8, 0xE9):
                full = 4
            self._at += 8 if self._rex_w and 0xB8 <= opcode <= 0xBF else full

    def _two_bytes(self) -> None:
        opcode = self._peek(1)
        self._at += 2
        if opcode in (0x38, 0x3A):
            self._at += 1
            self._modrm()
            self._at += opcode == 0x3A
            return
        if 0x20 <= opcode <= 0x23:  # control and debug registers: never memory
            self._at += 1
        elif opcode not in _NO_MODRM_0F:
            self._modrm()
        if opcode in _BYTE_0F:
            self._at += 1
        elif 0x80 <= opcode <= 0x8F:
            self._at += 2 if self._operand16 and not self._wide else 4

    def _vector(self, opcode: int) -> None:
        """VEX and EVEX: the map of opcodes is a field of the prefix."""
        size = {0xC5: 2, 0xC4: 3, 0x62: 4}[opcode]
        table = 1 if opcode == 0xC5 else self._peek(1) & (0x1F if opcode == 0xC4 else 7)
        operation = self._peek(size)
        self._at += size + 1
        if table != 1 or operation != 0x77:
            self._modrm()
        self._at += table == 3 or (table == 1 and operation in _BYTE_0F)

    def _xop(self) -> None:
        table = self._peek(1) & 0x1F
        self._at += 4
        self._modrm()
        self._at += {8: 1, 10: 4}.get(table, 0)

    def _modrm(self) -> int:
        """Skip ModRM, SIB and displacement; the middle field."""
        byte = self._peek()
        mode, register, memory = byte >> 6, byte >> 3 & 7, byte & 7
        self._at += 1
        if mode == 3:
            return register
        if self._address16:
            self._at += {0: 2 if memory == 6 else 0, 1: 1, 2: 2}[mode]
            return register
        base = memory
        if memory == 4:
            base = self._peek() & 7
            self._at += 1
        if mode == 0:
            self._at += 4 if base == 5 else 0
        else:
            self._at += 1 if mode == 1 else 4
        return register


def lengths(code: bytes, wide: bool) -> list[int]:
    """Lengths of the instructions from the start of *code* to what cannot be one; for 64 bits if
    *wide*."""
    decoder = _Decoder(code, wide)
    found = []
    at = 0
    while at < len(code):
        try:
            end = decoder.extent(at)[1]
        except _Damaged:
            break
        found.append(end - at)
        at = end
    return found


def reaches(code: bytes, start: int, target: int, wide: bool) -> bool:
    """Whether decoding from *start* comes to an instruction whose opcode is at *target*.

    What cannot be decoded counts as one byte, as a disassembler has it.
    """
    decoder = _Decoder(code, wide)
    at = start
    while at <= target:
        try:
            opcode_at, end = decoder.extent(at)
        except _Damaged:
            opcode_at, end = at, at + 1
        if opcode_at == target:
            return True
        at = end
    return False

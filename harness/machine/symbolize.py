"""Addresses of a guest kernel as function, file and line, from its symbols and DWARF."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from pathlib import Path

from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from harness.machine.inlining import Inlining, file_names


class Symbols:
    """The functions and line tables of one ELF file."""

    def __init__(self, path: Path) -> None:
        """Read *path*; a file without symbols or DWARF just describes less."""
        self._functions: list[tuple[int, int, str]] = []
        self._lines: list[tuple[int, str, int]] = []
        self._inlining: Inlining | None = None
        with path.open("rb") as file:
            elf = ELFFile(file)
            table = elf.get_section_by_name(".symtab")
            if isinstance(table, SymbolTableSection):
                self._functions = sorted(_functions(elf, table))
            if elf.has_dwarf_info():
                # Where one sequence ends at the start of another, the end sorts first.
                dwarf = elf.get_dwarf_info()
                self._inlining = Inlining(dwarf)
                rows = _line_rows(dwarf)
                self._lines = sorted(rows, key=lambda row: (row[0], row[2] != 0))

    def function(self, address: int) -> tuple[str, int] | None:
        """Name of the function around *address* and the offset in it."""
        index = bisect.bisect_right(self._functions, address, key=lambda f: f[0]) - 1
        if index < 0:
            return None
        start, end, name = self._functions[index]
        return (name, address - start) if address < end else None

    def line(self, address: int) -> tuple[str, int] | None:
        """File and line of *address*."""
        index = bisect.bisect_right(self._lines, address, key=lambda row: row[0]) - 1
        if index < 0:
            return None
        _, file, line = self._lines[index]
        return (file, line) if line else None

    def describe(self, address: int, lookup: int | None = None) -> list[str]:
        """One line about *address* for each function it lies in, what is inlined first.

        *lookup* is the address whose line is wanted.
        """
        at = address if lookup is None else lookup
        function = self.function(at)
        if function is None:
            return [f"{address:#018x} ?"]
        frames = []
        place = self.line(at)
        for inlined in self._inlining.chain(at) if self._inlining else ():
            frames.append((f"{inlined.function} (inlined)", place))
            place = (inlined.file, inlined.line) if inlined.line else None
        name, offset = function
        frames.append((f"{name}+{offset + address - at:#x}", place))
        return [
            f"{address:#018x} {what} {where[0]}:{where[1]}" if where else f"{address:#018x} {what}"
            for what, where in frames
        ]


def _functions(elf: ELFFile, table: SymbolTableSection) -> Iterator[tuple[int, int, str]]:
    """Start, end and name of every function; labels in assembly reach to their section's end."""
    for symbol in table.iter_symbols():
        kind, section = symbol["st_info"]["type"], symbol["st_shndx"]
        if kind not in ("STT_FUNC", "STT_NOTYPE") or not isinstance(section, int):
            continue
        if not symbol.name or symbol.name.startswith("$"):  # $x, $d: marks of the assembler
            continue
        start, size = symbol["st_value"], symbol["st_size"]
        header = elf.get_section(section).header
        if header["sh_flags"] & SH_FLAGS.SHF_EXECINSTR:
            yield (
                start,
                start + size if size else header["sh_addr"] + header["sh_size"],
                symbol.name,
            )


def _line_rows(dwarf: DWARFInfo) -> list[tuple[int, str, int]]:
    """Every row of every line table; line 0 marks the end of a sequence."""
    rows = []
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        names = file_names(program)
        for entry in program.get_entries():
            state = entry.state
            # What the compiler adds by itself has line 0: it belongs to what comes before it.
            if state is None or (state.line == 0 and not state.end_sequence):
                continue
            name = names.get(state.file, "?")
            rows.append((state.address, name, 0 if state.end_sequence else state.line))
    return rows

"""Which functions the compiler inlined where, from DWARF.

A return address names one function of the symbol table; the functions inlined into it at that
place are frames just as well, and where the kernel is optimised as a whole they are most of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.ranges import BaseAddressEntry

_SCOPES = ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine", "DW_TAG_lexical_block")


class Inlined(NamedTuple):
    """One function that was inlined, and where its caller called it."""

    function: str
    file: str
    line: int


class Inlining:
    """Looks addresses up in the scopes of a file's DWARF."""

    def __init__(self, dwarf: DWARFInfo) -> None:
        self._dwarf = dwarf
        self._ranges = dwarf.range_lists()

    def chain(self, address: int) -> list[Inlined]:
        """The functions inlined around *address*, innermost first; empty if none was."""
        for unit in self._dwarf.iter_CUs():
            top = unit.get_top_DIE()
            if self._covers(top, address):
                found = list(self._scopes(top, address))
                if found:
                    return [self._inlined(unit, die) for die in reversed(found) if _inline(die)]
        return []

    def _scopes(self, die: DIE, address: int) -> Iterator[DIE]:
        """Functions and blocks around *address*, outermost first."""
        for child in die.iter_children():
            if child.tag in _SCOPES and self._covers(child, address):
                yield child
                yield from self._scopes(child, address)
                return

    def _covers(self, die: DIE, address: int) -> bool:
        return any(start <= address < end for start, end in self._extent(die))

    def _extent(self, die: DIE) -> Iterator[tuple[int, int]]:
        attributes = die.attributes
        if "DW_AT_ranges" in attributes and self._ranges is not None:
            base = _low(die.cu.get_top_DIE())
            offset = attributes["DW_AT_ranges"].value
            for entry in self._ranges.get_range_list_at_offset(offset, cast(CompileUnit, die.cu)):
                if isinstance(entry, BaseAddressEntry):
                    base = entry.base_address
                else:
                    yield base + entry.begin_offset, base + entry.end_offset
        elif "DW_AT_high_pc" in attributes:
            low, high = _low(die), attributes["DW_AT_high_pc"]
            # Its form says whether it is an address or a length.
            yield low, high.value if high.form == "DW_FORM_addr" else low + high.value

    def _inlined(self, unit: CompileUnit, die: DIE) -> Inlined:
        names = file_names(self._dwarf.line_program_for_CU(unit))
        attributes = die.attributes
        index = attributes["DW_AT_call_file"].value if "DW_AT_call_file" in attributes else -1
        line = attributes["DW_AT_call_line"].value if "DW_AT_call_line" in attributes else 0
        return Inlined(_name(die), names.get(index, "?"), line)


def file_names(program: Any) -> dict[int, str]:
    """The files of a line program by the number that rows and call sites name them by."""
    if program is None:
        return {}
    header = program.header
    first = 0 if header["version"] >= 5 else 1
    return {i: _file_name(header, entry) for i, entry in enumerate(header["file_entry"], first)}


def _file_name(header: Any, entry: Any) -> str:
    """A file of a line table with its directory, unless that is the compilation's own."""
    name: str = entry.name.decode("utf-8", "replace")
    index = entry.dir_index
    first = 0 if header["version"] >= 5 else 1
    directories = header["include_directory"]
    if index < first or index - first >= len(directories):
        return name
    folder = directories[index - first].decode("utf-8", "replace")
    return f"{folder}/{name}" if folder not in ("", ".") else name


def _inline(die: DIE) -> bool:
    return bool(die.tag == "DW_TAG_inlined_subroutine")


def _low(die: DIE) -> int:
    return int(die.attributes["DW_AT_low_pc"].value) if "DW_AT_low_pc" in die.attributes else 0


def _name(die: DIE) -> str:
    """Name of a function, which stands where it was declared."""
    for reference in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if "DW_AT_name" not in die.attributes and reference in die.attributes:
            die = die.get_DIE_from_attribute(reference)
    if "DW_AT_name" not in die.attributes:
        return "?"
    return str(die.attributes["DW_AT_name"].value.decode("utf-8", "replace"))

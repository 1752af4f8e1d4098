"""Which function an address lies in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from harness.symbols.layout import SHT_SYMTAB, ElfError
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.static import static_symbols


class Functions:
    """Functions (or for *types* other things) of a file, by address."""

    def __init__(self, file: SymbolFile, types: tuple[str, ...] = ("func", "ifunc")) -> None:
        """From the symbol table if there is one, else from what the file exports."""
        self._take([s for s in _all_symbols(file) if s.defined and s.type in types and s.name])

    @classmethod
    def of_section(cls, symbols: Iterable[Symbol], section: int) -> Functions:
        """Those of one section of an object, by their place in it."""
        made = cls.__new__(cls)
        made._take([s for s in symbols if s.section == section and s.type == "func"])
        return made

    def _take(self, found: list[Symbol]) -> None:
        self._functions = sorted(found, key=lambda s: s.value)
        self._starts = [s.value for s in self._functions]

    def starts(self, first: int, end: int) -> list[int]:
        """Where functions begin from *first* to before *end*."""
        return self._starts[bisect_left(self._starts, first) : bisect_left(self._starts, end)]

    def around(self, address: int) -> Symbol | None:
        """The function around an address."""
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        symbol = self._functions[index]
        inside = address < symbol.value + symbol.size or address == symbol.value
        return symbol if inside else None

    def name(self, address: int) -> str:
        """Its name; empty where there is none."""
        symbol = self.around(address)
        return symbol.name if symbol else ""


def _all_symbols(file: SymbolFile) -> list[Symbol]:
    """Dynamic symbols and, where they can be read, those for debugging.

    These serve messages only, so a damaged table is the same as none.
    """
    symbols = list(file.symbols)
    if file.dynamic and file.image is not None:
        try:
            if any(row[1] == SHT_SYMTAB for row in file.image.section_rows()):
                symbols += static_symbols(file.image)
        except ElfError:
            return symbols
    return symbols

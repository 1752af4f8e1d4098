"""Which function an address lies in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from harness.symbols.layout import SHT_SYMTAB, ElfError
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.static import static_symbols


class Functions:
    """Functions (or for *types* other things) of a file, by address."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        """Of these symbols, whose values are addresses."""
        self._functions = sorted(symbols, key=lambda s: s.value)
        self._starts = [s.value for s in self._functions]

    @classmethod
    def of_file(cls, file: SymbolFile, types: tuple[str, ...] = ("func", "ifunc")) -> Functions:
        """From the symbol table if there is one, else from what the file exports."""
        return cls(s for s in _all_symbols(file) if s.defined and s.type in types and s.name)

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


class SectionFunctions:
    """The functions of an object, by section and their place in it."""

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        """From its symbol table."""
        self._symbols: dict[int, list[Symbol]] = {}
        self._made: dict[int, Functions] = {}
        for symbol in symbols:
            if symbol.type == "func" and symbol.defined and symbol.name:
                self._symbols.setdefault(symbol.section, []).append(symbol)

    def of(self, section: int) -> Functions:
        """Those of one section."""
        if section not in self._made:
            self._made[section] = Functions(self._symbols.get(section, []))
        return self._made[section]


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

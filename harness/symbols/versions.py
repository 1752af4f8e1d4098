"""Versions of dynamic symbols, from the GNU version sections."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError as ElftoolsError
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection, GNUVerSymSection

from harness.symbols.elf import ElfError

_HIDDEN: Final = 0x8000
_FIRST_NAMED: Final = 2


def symbol_versions(path: Path) -> list[str]:
    """Suffix of each symbol by its index: ``@VER``, ``@@VER`` for an export's default, or empty.

    An unversioned library gives an empty list.  `ElfError` where the sections cannot be read.
    """
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            if elf.num_sections() == 0:
                raise ElfError("no section headers, which name the versions", where=str(path))
            return _suffixes(elf)
    except (ElftoolsError, ValueError, KeyError) as error:
        raise ElfError(f"cannot read symbol versions: {error}", where=str(path)) from None


def _suffixes(elf: ELFFile) -> list[str]:
    table = None
    names: dict[int, tuple[str, bool]] = {}
    for section in elf.iter_sections():
        if isinstance(section, GNUVerSymSection):
            table = section
        elif isinstance(section, GNUVerDefSection):
            for version, auxiliaries in section.iter_versions():
                names[version["vd_ndx"]] = (next(auxiliaries).name, True)
        elif isinstance(section, GNUVerNeedSection):
            for _, auxiliaries in section.iter_versions():
                for auxiliary in auxiliaries:
                    names[auxiliary["vna_other"]] = (auxiliary.name, False)
    if table is None:
        return []
    return [_suffix(symbol["ndx"], names) for symbol in table.iter_symbols()]


def _suffix(index: int | str, names: dict[int, tuple[str, bool]]) -> str:
    # pyelftools names the two reserved indices.
    if isinstance(index, str) or index & ~_HIDDEN < _FIRST_NAMED:
        return ""
    name, defined = names.get(index & ~_HIDDEN, ("?", False))
    return f"@@{name}" if defined and not index & _HIDDEN else f"@{name}"

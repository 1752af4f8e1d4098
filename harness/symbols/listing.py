"""``zxh symbols list``, which takes no longer than the tools it stands in for."""

from __future__ import annotations

import sys

from harness.symbols.elf import read_elf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.symbols.model import Symbol, SymbolFile

_WHICH = {"--imports": "imports", "--exports": "exports"}


def plain_request(words: Sequence[str]) -> tuple[str, str] | None:
    """File and kind of symbols, if *words* (after ``symbols list``) ask for no more than that.

    Loading a parser takes longer than reading a library with 45,000 symbols.
    """
    options = [word for word in words if word.startswith("-")]
    names = [word for word in words if not word.startswith("-")]
    if len(names) != 1 or len(options) > 1 or not set(options) <= _WHICH.keys():
        return None
    return names[0], _WHICH[options[0]] if options else "all"


def list_symbols(library: str, which: str, *, versions: bool = False, as_json: bool = False) -> int:
    """Write the symbols of a file; *which* is "imports", "exports" or "all"."""
    file = read_elf(library)
    symbols = _chosen(file, which)
    if as_json:
        _write_json(file, symbols, versions)
        return 0
    lines = []
    for symbol in symbols:
        name = symbol.full_name if versions else symbol.name
        if not name.isprintable() or " " in name:
            name = _escaped(name)
        kind = "" if which != "all" else "export " if symbol.defined else "import "
        lines.append(f"{kind}{name}\n")
    sys.stdout.write("".join(lines))
    return 0


def _chosen(file: SymbolFile, which: str) -> list[Symbol]:
    if which == "imports":
        return file.imports
    return file.exports if which == "exports" else file.imports + file.exports


def _escaped(name: str) -> str:
    from harness.symbols.text import printable

    return printable(name)


def _write_json(file: SymbolFile, symbols: Sequence[Symbol], versions: bool) -> None:
    import json

    document = {
        "library": str(file.path),
        "kind": file.kind,
        "machine": file.machine,
        "soname": file.soname,
        "needed": list(file.needed),
        "symbols": [
            {
                "name": symbol.full_name if versions else symbol.name,
                "type": symbol.type,
                "binding": symbol.binding,
                "visibility": symbol.visibility,
                "defined": symbol.defined,
                "size": symbol.size,
            }
            for symbol in symbols
        ],
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")

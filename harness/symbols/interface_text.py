"""The text of an interface file, as llvm-ifs writes it."""

from __future__ import annotations

import re
from typing import Final

from harness.symbols.exports import kind, promised
from harness.symbols.interface import Interface, InterfaceSymbol
from harness.symbols.model import Symbol, SymbolFile

_TYPES: Final = {"func": "Func", "object": "Object", "tls": "TLS", "notype": "NoType"}
_PLAIN_SCALAR: Final = re.compile(r"[A-Za-z_.$][\w.$]*$")
#: Where values of headings stand.
_COLUMN: Final = 17


def type_name(symbol: Symbol) -> str:
    """llvm-ifs's word for a type."""
    return _TYPES.get(symbol.type, "Unknown")


def entry_fields(symbol: Symbol, *, size: bool) -> str:
    """What stands between the braces after the name; *size* asks for sizes where it has them."""
    text = f"Type: {type_name(symbol)}"
    # llvm-ifs never gives sizes of functions, and of what has no type only those that are not 0.
    sized = symbol.type != "func" and (symbol.type != "notype" or symbol.size)
    if size and sized:
        text += f", Size: {symbol.size}"
    if symbol.binding == "weak":
        text += ", Weak: true"
    return text


def entry_line(symbol: Symbol, *, size: bool, mapping: bool = False) -> str:
    """One line of the list of symbols; *mapping* for the form of version 1."""
    name = symbol.name if _PLAIN_SCALAR.match(symbol.name) else f"'{symbol.name}'"
    fields = entry_fields(symbol, size=size)
    return f"  {name}: {{ {fields} }}" if mapping else f"  - {{ Name: {name}, {fields} }}"


def interface_symbols(file: SymbolFile) -> list[Symbol]:
    """The symbols that llvm-ifs takes, in its order."""
    taken: dict[str, Symbol] = {}
    for symbol in file.exports:
        if symbol.binding in ("global", "weak"):
            taken.setdefault(symbol.name, symbol)  # one of all its versions
    return sorted(taken.values(), key=lambda symbol: symbol.name.encode())


def interface_text(file: SymbolFile, *, size: bool) -> str:
    """An interface file without target, needed libraries and undefined symbols."""
    lines = ["--- !ifs-v1", f"{'IfsVersion:':{_COLUMN}}3.0"]
    if file.soname:
        lines.append(f"{'SoName:':{_COLUMN}}{file.soname}")
    symbols = interface_symbols(file)
    lines.append("Symbols:" if symbols else f"{'Symbols:':{_COLUMN}}[]")
    lines += [entry_line(symbol, size=size) for symbol in symbols]
    return "\n".join([*lines, "..."]) + "\n"


def updated_interface(text: str, interface: Interface, file: SymbolFile) -> str:
    """*text* of *interface* changed to promise what *file* exports; the rest stays as it is."""
    wanted = promised(file)
    items = _items(text.splitlines(), interface)
    kept: list[tuple[str, list[str]]] = []
    for name, lines in items:
        if not name:
            kept.append((name, [_heading(line, file.soname) for line in lines]))
        elif name in wanted:
            old = interface.symbols[name]
            new = _changed_line(interface, old, wanted[name])
            kept.append((name, [new] if new else lines))
    present = [name for name, _ in kept if name]
    for name in sorted(wanted.keys() - set(present)):
        sized = any(symbol.size is not None for symbol in interface.symbols.values())
        line = (
            name
            if interface.plain
            else entry_line(wanted[name], size=sized, mapping=interface.mapping)
        )
        kept.insert(_place(kept, name), (name, [line]))
    return "\n".join(line for _, lines in kept for line in lines) + "\n"


def _items(lines: list[str], interface: Interface) -> list[tuple[str, list[str]]]:
    """Symbols with their lines, and between them lines of other things, each with no name."""
    starts = {symbol.line: symbol for symbol in interface.symbols.values()}
    items: list[tuple[str, list[str]]] = []
    number = 1
    while number <= len(lines):
        symbol = starts.get(number)
        last = symbol.last if symbol else number
        items.append((symbol.name if symbol else "", lines[number - 1 : last]))
        number = last + 1
    return items


def _heading(line: str, soname: str) -> str:
    if soname and (match := re.match(r"SoName:\s*", line)):
        return match[0] + soname
    return "Symbols:" if re.match(r"Symbols:\s*\S", line) else line


def _changed_line(interface: Interface, old: InterfaceSymbol, symbol: Symbol) -> str:
    """The new line of a symbol; empty if the old one still says what is so."""
    types = {type_name(symbol).lower(), kind(symbol)}
    same = (
        (not old.type or old.type in types)
        and (old.weak is None or old.weak == (symbol.binding == "weak"))
        and (old.size is None or old.size == symbol.size)
    )
    if same:
        return ""
    return entry_line(symbol, size=old.size is not None, mapping=interface.mapping)


def _place(items: list[tuple[str, list[str]]], name: str) -> int:
    """Where a new symbol goes: in order if there is one, else after the last."""
    places = [index for index, (known, _) in enumerate(items) if known]
    if not places:
        heading = (i for i, (_, lines) in enumerate(items) if lines[0].startswith("Symbols:"))
        return next(heading, len(items) - 1) + 1
    names = [items[index][0] for index in places]
    if names == sorted(names):
        for index in places:
            if items[index][0] > name:
                return index
    return places[-1] + 1

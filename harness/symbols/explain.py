"""Everything that is known about one name: who may import it and why, who does, who supplies it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.symbols.allowlist import Allowlist, Entry, read_allowlist
from harness.symbols.demangle import PREFIX, readable
from harness.symbols.elf import read_elf
from harness.symbols.imports import VDSO_GROUP, Providers, vdso_names
from harness.symbols.interface import Interface, read_interface
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.text import nearest, printable
from harness.symbols.uses import uses_of
from harness.symbols.version_script import VersionScript, read_version_script
from zxio_py.abi.editions import EDITIONS, calls_of


def explain(
    name: str,
    libraries: Sequence[Path],
    *,
    imports: Path | None = None,
    exports: Path | None = None,
    version_script: Path | None = None,
    providers: Providers,
) -> list[str]:
    """Lines about *name*, the most telling first; empty if nothing is known."""
    plain = readable([name]).get(name, "")
    facts = [f"{printable(name)} is C++: {plain or 'it cannot be demangled here'}"]
    lines = facts if name.startswith(PREFIX) else []
    lines += _about_calls(name)
    if imports:
        lines += _about_allowlist(name, read_allowlist(imports), providers)
    if exports:
        lines += _about_interface(name, read_interface(exports))
    if version_script:
        lines += _about_script(name, plain, read_version_script(version_script))
    for library in libraries:
        lines += _about_library(name, read_elf(library))
    for group, names in providers.names.items():
        if name in names:
            lines.append(f"supplied by {providers.files[group]} ({group})")
    return lines


def _about_calls(name: str) -> Iterator[str]:
    call = name.removeprefix("_")
    editions = [e.title for e in EDITIONS.values() if call in calls_of(e.name)]
    if editions:
        yield f"system call of the Zircon interface ({', '.join(editions)}), supplied by the vDSO"


def _about_allowlist(name: str, allowlist: Allowlist, providers: Providers) -> Iterator[str]:
    entries = allowlist.by_name.get(name, [])
    for entry in entries:
        yield f"{allowlist.path}:{entry.line}: {_described(entry)}"
    if not entries:
        near = nearest(name, allowlist.by_name)
        yield f"{allowlist.path}: not listed{f' (nearest: {near})' if near else ''}"
        if not name.startswith(PREFIX):
            group = providers.supplier(name)[0]
            if not group and name in vdso_names():
                group = VDSO_GROUP
            under = f' under "# {group}"' if group else ""
            yield f"to allow it, add the line {name!r}{under}"


def _described(entry: Entry) -> str:
    text = f"may be imported (group {entry.group})" if entry.group else "may be imported"
    if entry.version:
        text += f", in version {entry.version} only"
    if entry.weak_ok:
        text += ", weakly only"
    if entry.tls_ok:
        text += ", also as a thread-local variable"
    if entry.machines:
        text += f", on {', '.join(sorted(entry.machines))} only"
    return f"{text}: {entry.reason}" if entry.reason else text


def _about_interface(name: str, interface: Interface) -> Iterator[str]:
    symbol = interface.symbols.get(name)
    if symbol is None:
        yield f"{interface.path}: not promised"
        return
    words = [word for word in ("weak" if symbol.weak else "", symbol.type) if word]
    size = f", {symbol.size} bytes" if symbol.size is not None else ""
    yield f"{interface.path}:{symbol.line}: promised as {' '.join(words) or 'a symbol'}{size}"


def _about_script(name: str, plain: str, script: VersionScript) -> Iterator[str]:
    pattern = script.match(name, plain or None)
    if pattern is None:
        yield f"{script.path}: not mentioned"
        return
    what = "exported" if pattern.exported else "hidden"
    node = f" in version {pattern.node}" if pattern.node else ""
    yield f"{script.path}:{pattern.line}: {what}{node} by {pattern.text!r}"


def _about_library(name: str, file: SymbolFile) -> Iterator[str]:
    for symbol in file.imports:
        if symbol.name == name:
            yield f"{file.path}: imports {_symbol_text(symbol)}"
            for use in uses_of(file, {name}).get(name, ()):
                yield f"  used by {use}"
    for symbol in file.exports:
        if symbol.name == name:
            yield f"{file.path}: exports {_symbol_text(symbol)}, {symbol.size} bytes"


def _symbol_text(symbol: Symbol) -> str:
    words = [printable(symbol.full_name)]
    words += [symbol.binding] if symbol.binding != "global" else []
    words += [symbol.type] if symbol.type != "notype" else []
    return words[0] + (f" ({' '.join(words[1:])})" if words[1:] else "")

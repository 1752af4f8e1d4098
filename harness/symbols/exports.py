"""The rules about what a library exports."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from harness.symbols.demangle import PREFIX, readable
from harness.symbols.interface import Interface, InterfaceSymbol
from harness.symbols.model import SHN_ABS, Symbol, SymbolFile
from harness.symbols.report import Finding
from harness.symbols.text import nearest, printable
from harness.symbols.version_script import VersionScript

#: Our names of machines, as llvm-ifs calls them.
_IFS_MACHINES: Final = {
    "x86_64": "x86_64",
    "AArch64": "arm64",
    "aarch64": "arm64",
    "i386": "x86",
    "i686": "x86",
    "ARM": "arm",
    "arm": "arm",
    "RISCV": "riscv",
    "riscv64": "riscv",
}


def promised(file: SymbolFile) -> dict[str, Symbol]:
    """Exports by name, without those that stand for a version; of several versions the default."""
    versions = frozenset(file.versions.defined.values()) if file.versions else frozenset()
    found: dict[str, Symbol] = {}
    for symbol in file.exports:
        if symbol.section == SHN_ABS and symbol.name in versions:
            continue
        if symbol.name not in found or symbol.default_version:
            found[symbol.name] = symbol
    return found


def kind(symbol: Symbol) -> str:
    """The type as callers see it: a function chosen at load time is a function."""
    return "func" if symbol.type == "ifunc" else symbol.type


def check_interface(file: SymbolFile, interface: Interface) -> Iterator[Finding]:
    """Hold exports against an interface file, both ways."""
    found = promised(file)
    if interface.soname and interface.soname != file.soname:
        message = f"soname is {file.soname or 'missing'}, not {interface.soname}"
        yield Finding("soname", "", message, file=interface.path)
    machine = _IFS_MACHINES.get(interface.machine, interface.machine)
    if machine and machine != file.machine:
        message = f"the interface is for {machine}, the library for {file.machine}"
        yield Finding("target", "", message, file=interface.path)
    for name, wanted in interface.symbols.items():
        symbol = found.get(name)
        if symbol is None:
            yield _lost(interface, wanted, found)
        else:
            yield from _changed(interface, symbol, wanted)
        if name.startswith(PREFIX):
            message = f"{printable(name)} is promised, but a C++ symbol"
            yield Finding("cpp", name, message, True, file=interface.path, line=wanted.line)
    extra = [name for name in found if name not in interface.symbols]
    plain = readable(extra)
    for name in extra:
        shown = f"{printable(name)} ({plain[name]})" if name in plain else printable(name)
        message = f"{shown} is exported, but not in the interface"
        fix = f"to promise it, add it to {interface.path} (zxh symbols update)"
        yield Finding("interface", name, message, fix=fix)


def _lost(interface: Interface, wanted: InterfaceSymbol, found: Collection[str]) -> Finding:
    return Finding(
        "interface",
        wanted.name,
        f"{printable(wanted.name)} is no longer exported",
        nearest=nearest(wanted.name, found),
        file=interface.path,
        line=wanted.line,
    )


def _changed(interface: Interface, symbol: Symbol, wanted: InterfaceSymbol) -> Iterator[Finding]:
    name = printable(symbol.name)
    messages = []
    # llvm-ifs calls a function that is chosen at load time unknown.
    types = {kind(symbol), "unknown"} if symbol.type == "ifunc" else {kind(symbol)}
    if wanted.type and wanted.type not in types:
        messages.append(f"{name} is a {kind(symbol)}, not a {wanted.type}")
    if wanted.weak is not None and (symbol.binding == "weak") != wanted.weak:
        messages.append(f"{name} is {symbol.binding}: weak or not has changed")
    if wanted.size is not None and wanted.size != symbol.size:
        messages.append(f"{name} has {symbol.size} bytes, not {wanted.size}")
    for message in messages:
        yield Finding("interface", symbol.name, message, file=interface.path, line=wanted.line)


def check_version_script(file: SymbolFile, script: VersionScript) -> Iterator[Finding]:
    """Hold exports against a version script, both ways."""
    found = promised(file)
    plain = script.plain_names(found)
    matched = set()
    for name, symbol in found.items():
        pattern = script.match(name, plain.get(name))
        matched.add(pattern)
        if pattern is None or not pattern.exported:
            message = f"{printable(name)} is exported, but the script hides it"
            yield Finding("version-script", name, message)
        elif pattern.node and symbol.version != pattern.node:
            version = f"version {printable(symbol.version)}" if symbol.version else "no version"
            message = f"{printable(name)} has {version}, not {pattern.node}"
            yield Finding("version-script", name, message, file=script.path, line=pattern.line)
    for pattern in script.patterns:
        if pattern.exported and pattern.exact and pattern not in matched:
            lost = pattern.cpp or pattern.text not in found
            if lost:
                message = f"{printable(pattern.text)} is in the script, but not exported"
                yield Finding(
                    "version-script", pattern.text, message, file=script.path, line=pattern.line
                )


def check_agreement(interface: Interface, script: VersionScript) -> Iterator[Finding]:
    """Hold interface file and version script against each other."""
    plain = script.plain_names(interface.symbols)
    for name, symbol in interface.symbols.items():
        if not script.allows(name, plain.get(name)):
            message = f"{printable(name)} is in the interface, not in the script"
            yield Finding("version-script", name, message, file=interface.path, line=symbol.line)
    for name, pattern in script.names.items():
        if name not in interface.symbols:
            message = f"{printable(name)} is in the script, not in the interface"
            yield Finding("version-script", name, message, file=script.path, line=pattern.line)


def check_kinds(file: SymbolFile) -> Iterator[Finding]:
    """What is odd about exports whatever the lists say."""
    for symbol in file.symbols:
        hidden = symbol.visibility in ("hidden", "internal") and symbol.binding != "local"
        if file.dynamic and symbol.defined and hidden:
            what = f"{symbol.visibility}, but in the dynamic table: some loaders bind to it"
            yield Finding("visibility", symbol.name, f"{printable(symbol.name)} is {what}")
        if symbol.type == "ifunc" and symbol.exported:
            what = "chosen by code that runs while the library is bound"
            yield Finding("ifunc", symbol.name, f"{printable(symbol.name)} is {what}", True)

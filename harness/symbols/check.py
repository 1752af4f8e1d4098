"""The verdict on a library: imports, exports, and what else a loader would have to accept."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from harness.symbols.allowlist import read_allowlist
from harness.symbols.elf import read_elf
from harness.symbols.exports import (
    check_agreement,
    check_interface,
    check_kinds,
    check_version_script,
)
from harness.symbols.imports import Providers, check_imports
from harness.symbols.interface import Interface, read_interface
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.report import Finding, Report
from harness.symbols.rewriting import rewritten_tables
from harness.symbols.scan import SCANNED, find_raw_calls
from harness.symbols.text import nearest, printable
from harness.symbols.version_script import read_version_script
from zxio_py.abi import CALLS

VDSO_SONAME: Final = "libzircon.so"


def check_library(
    library: Path,
    *,
    imports: Path | None = None,
    exports: Path | None = None,
    version_script: Path | None = None,
    needed: Collection[str] = (),
    providers: Providers | None = None,
    strict: bool = False,
) -> Report:
    """Hold *library* against its lists; those not given are not checked.

    *needed* are the libraries it may depend on, besides those that its interface names.  With
    *strict*, unused and repeated entries of the allowlist fail the check too, and so do bytes of a
    system call inside another instruction.  Raises `harness.errors.InputError` for files that
    cannot be read.
    """
    file = read_elf(library)
    report = _start(file)
    interface = read_interface(exports) if exports else None
    script = read_version_script(version_script) if version_script else None
    if imports:
        report.add(check_imports(file, read_allowlist(imports), providers or Providers(), strict))
    if interface:
        report.add(check_interface(file, interface))
    if script:
        report.add(check_version_script(file, script))
    if interface and script:
        report.add(check_agreement(interface, script))
    report.add(check_kinds(file))
    report.add(_shape(file, {*needed, *_needed_by(interface)}))
    report.add(_raw_calls(file, strict))
    return report


def check_vdso(vdso: Path) -> Report:
    """Hold the vDSO against the definition of the interface.

    It exports each call as a weak ``zx_f`` and a strong ``_zx_f`` at the same address and nothing
    else, imports nothing, and has nothing writable.  It alone may have system calls of its own.
    """
    file = read_elf(vdso)
    report = _start(file)
    wanted = {call.name for call in CALLS.values() if call.exported}
    wanted |= {f"_{name}" for name in wanted}
    found = {symbol.name: symbol for symbol in file.exports}
    for name in sorted(wanted - found.keys()):
        message = f"{name} is not exported"
        report.findings.append(Finding("export", name, message, nearest=nearest(name, found)))
    for name in sorted(found.keys() - wanted):
        message = f"{printable(name)} is exported, but no call of the interface"
        report.findings.append(Finding("export", name, message))
    for symbol in file.imports:
        message = f"{printable(symbol.name)} is imported: the vDSO stands alone"
        report.findings.append(Finding("import", symbol.name, message))
    for name in sorted(wanted & found.keys()):
        report.add(_alias(found[name], found))
    if file.soname != VDSO_SONAME:
        message = f"soname is {file.soname or 'missing'}, not {VDSO_SONAME}"
        report.findings.append(Finding("soname", "", message))
    if any(segment.writable for segment in file.segments):
        message = "a segment is writable: the vDSO is shared by all processes"
        report.findings.append(Finding("segment", "", message))
    report.add(check_kinds(file))
    report.add(_shape(file, ()))
    return report


def _start(file: SymbolFile) -> Report:
    report = Report(Path(file.path), file.machine, len(file.imports), len(file.exports))
    report.findings += [Finding("contradiction", "", text) for text in file.contradictions]
    for table in rewritten_tables(file):
        message = f"relocations change the {table}: what it says is not what is loaded"
        report.findings.append(Finding("contradiction", "", message))
    return report


def _needed_by(interface: Interface | None) -> Collection[str]:
    return interface.needed or () if interface else ()


def _alias(symbol: Symbol, found: dict[str, Symbol]) -> Iterator[Finding]:
    strong = symbol.name.startswith("_")
    binding = "global" if strong else "weak"
    if symbol.binding != binding:
        yield Finding("alias", symbol.name, f"{symbol.name} is {symbol.binding}, not {binding}")
    if symbol.type != "func":
        yield Finding("alias", symbol.name, f"{symbol.name} is a {symbol.type}, not a func")
    partner = found.get(symbol.name.removeprefix("_"))
    if strong and partner is not None and partner.value != symbol.value:
        yield Finding("alias", symbol.name, f"{symbol.name} is not the code of {partner.name}")


def _shape(file: SymbolFile, needed: Collection[str]) -> Iterator[Finding]:
    """What is wrong with a library whatever its symbols are."""
    for name in file.needed:
        if name not in needed:
            yield Finding("needed", name, f"depends on {printable(name)}")
    for tag, name in file.companions:
        yield Finding("needed", name, f"brings in {printable(name)} ({tag})")
    for path in file.search_paths:
        yield Finding("search-path", path, f"looks for libraries in {printable(path)}")
    if file.text_relocations:
        yield Finding("text-relocations", "", "has relocations in its text")
    if file.dynamic and file.executable_stack is not False:
        yield Finding("executable-stack", "", "wants an executable stack")
    if any(segment.executable and segment.writable for segment in file.segments):
        yield Finding("segment", "", "has a segment that is writable and executable")


def _raw_calls(file: SymbolFile, strict: bool) -> Iterator[Finding]:
    for call in find_raw_calls(file):
        where = f" in {printable(call.symbol)}" if call.symbol else ""
        where += f" of {printable(call.member)}" if call.member else ""
        what = f"{call.instruction} at {call.address:#x}{where}"
        if call.inside:
            message = f"the bytes of {what}, inside another instruction: they could be jumped to"
        else:
            message = f"{what}: system calls go through the vDSO"
        yield Finding("raw-call", call.symbol, message, call.inside and not strict)
    if file.machine not in SCANNED:
        message = f"system calls of its own are not looked for on {file.machine}"
        yield Finding("raw-call", "", message, True)

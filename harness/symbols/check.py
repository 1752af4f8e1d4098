"""The verdict on a library: imports, exports, and what else a loader would have to accept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from harness.symbols.elf import DynamicFile, Symbol, read_elf
from harness.symbols.lists import (
    Allowlist,
    Interface,
    VersionScript,
    read_allowlist,
    read_interface,
    read_version_script,
)
from harness.symbols.scan import find_raw_calls
from zxio_py.abi import CALLS

VDSO_SONAME: Final = "libzircon.so"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    #: "import", "export", "interface", "version-script", "soname", "needed", "search-path",
    #: "text-relocations", "executable-stack", "raw-call", "contradiction", "alias", "segment",
    #: "unused", "duplicate".
    rule: str
    symbol: str
    message: str
    #: Warnings do not fail a check.
    warning: bool = False


@dataclass(slots=True)
class Report:
    """What was checked and what was found."""

    library: Path
    machine: str
    imports: int
    exports: int
    findings: list[Finding] = field(default_factory=list)

    @property
    def violations(self) -> list[Finding]:
        """Findings that fail the check."""
        return [finding for finding in self.findings if not finding.warning]

    @property
    def ok(self) -> bool:
        """Whether nothing fails it."""
        return not self.violations

    @property
    def verdict(self) -> str:
        """One phrase for a table."""
        if self.ok:
            return f"ok ({self.imports} imports, {self.exports} exports)"
        count = len(self.violations)
        return f"{count} violation{'s' if count > 1 else ''}"

    def as_json(self) -> dict[str, object]:
        """The report as JSON values."""
        return {
            "library": str(self.library),
            "machine": self.machine,
            "ok": self.ok,
            "imports": self.imports,
            "exports": self.exports,
            "findings": [
                {
                    "rule": finding.rule,
                    "symbol": finding.symbol,
                    "message": finding.message,
                    "severity": "warning" if finding.warning else "error",
                }
                for finding in self.findings
            ],
        }


def check_library(
    library: Path,
    *,
    imports: Path | None = None,
    exports: Path | None = None,
    version_script: Path | None = None,
    needed: Collection[str] = (),
    strict: bool = False,
) -> Report:
    """Hold *library* against its lists; those not given are not checked.

    *needed* are the libraries it may depend on.  With *strict*, unused and repeated entries of the
    allowlist fail the check too.  Raises `harness.errors.InputError` for files that cannot be read.
    """
    file = read_elf(library)
    report = _start(file)
    add = report.findings.extend
    allowlist = read_allowlist(imports) if imports else None
    interface = read_interface(exports) if exports else None
    script = read_version_script(version_script) if version_script else None
    if allowlist:
        add(_imports(file, allowlist, strict))
    if interface:
        add(_exports(file, interface))
    if script:
        add(_exports_by_script(file, script))
    if interface and script:
        add(_interface_by_script(interface, script))
    add(_shape(file, needed))
    add(
        Finding(
            "raw-call",
            call.symbol,
            f"{call.instruction} at {call.address:#x}{f' in {call.symbol}' if call.symbol else ''}:"
            " system calls go through the vDSO",
        )
        for call in find_raw_calls(file)
    )
    return report


def check_vdso(vdso: Path) -> Report:
    """Hold the vDSO against the definition of the interface.

    It exports each call as a weak ``zx_f`` and a strong ``_zx_f`` at the same address and nothing
    else, imports nothing, and has nothing writable.
    """
    file = read_elf(vdso)
    report = _start(file)
    add = report.findings.append
    wanted = {call.name for call in CALLS.values() if call.exported}
    wanted |= {f"_{name}" for name in wanted}
    found = {symbol.name: symbol for symbol in file.exports}
    for name in sorted(wanted - found.keys()):
        add(Finding("export", name, f"{name} is not exported{_hint(name, found)}"))
    for name in sorted(found.keys() - wanted):
        add(Finding("export", name, f"{name} is exported, but no call of the interface"))
    for symbol in file.imports:
        add(Finding("import", symbol.name, f"{symbol.name} is imported: the vDSO stands alone"))
    for name in sorted(wanted & found.keys()):
        report.findings.extend(_alias(found[name], found))
    if file.soname != VDSO_SONAME:
        add(Finding("soname", "", f"soname is {file.soname or 'missing'}, not {VDSO_SONAME}"))
    if any(segment.writable for segment in file.segments):
        add(Finding("segment", "", "a segment is writable: the vDSO is shared by all processes"))
    report.findings.extend(_shape(file, ()))
    return report


def _start(file: DynamicFile) -> Report:
    report = Report(file.path, file.machine, len(file.imports), len(file.exports))
    report.findings += [Finding("contradiction", "", text) for text in file.contradictions]
    return report


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


def _imports(file: DynamicFile, allowlist: Allowlist, strict: bool) -> Iterator[Finding]:
    names = {symbol.name for symbol in file.imports}
    for name in sorted(names - allowlist.entries.keys()):
        kind = "a C++ symbol" if name.startswith("_Z") else "not on the allowlist"
        hint = "" if name.startswith("_Z") else _hint(name, allowlist.entries)
        yield Finding("import", name, f"{name} is imported, but {kind}{hint}")
    for name in allowlist.duplicates:
        yield Finding("duplicate", name, f"{name} is listed more than once", not strict)
    for name in allowlist.entries:
        if strict and name not in names:
            yield Finding("unused", name, f"{name} is listed, but not imported")


def _exports(file: DynamicFile, interface: Interface) -> Iterator[Finding]:
    found = {symbol.name: symbol for symbol in file.exports}
    if interface.soname and interface.soname != file.soname:
        wanted = interface.soname
        yield Finding("soname", "", f"soname is {file.soname or 'missing'}, not {wanted}")
    for name in sorted(interface.symbols.keys() - found.keys()):
        yield Finding("interface", name, f"{name} is no longer exported{_hint(name, found)}")
    for name in sorted(found.keys() - interface.symbols.keys()):
        yield Finding("interface", name, f"{name} is exported, but not in the interface")
    for name in sorted(found.keys() & interface.symbols.keys()):
        symbol, wanted_symbol = found[name], interface.symbols[name]
        if symbol.type != wanted_symbol.type:
            yield Finding(
                "interface", name, f"{name} is a {symbol.type}, not a {wanted_symbol.type}"
            )
        if (symbol.binding == "weak") != wanted_symbol.weak:
            yield Finding("interface", name, f"{name} is {symbol.binding}: weak or not has changed")
        if wanted_symbol.size is not None and wanted_symbol.size != symbol.size:
            yield Finding(
                "interface", name, f"{name} has {symbol.size} bytes, not {wanted_symbol.size}"
            )


def _exports_by_script(file: DynamicFile, script: VersionScript) -> Iterator[Finding]:
    found = {symbol.name for symbol in file.exports}
    for name in sorted(found):
        if not script.allows(name):
            yield Finding("version-script", name, f"{name} is exported, but the script hides it")
    for name in sorted(script.names - found):
        yield Finding("version-script", name, f"{name} is in the script, but not exported")


def _interface_by_script(interface: Interface, script: VersionScript) -> Iterator[Finding]:
    for name in sorted(interface.symbols):
        if not script.allows(name):
            yield Finding("version-script", name, f"{name} is in the interface, not in the script")
    for name in sorted(script.names - interface.symbols.keys()):
        yield Finding("version-script", name, f"{name} is in the script, not in the interface")


def _shape(file: DynamicFile, needed: Collection[str]) -> Iterator[Finding]:
    """What is wrong with a library whatever its symbols are."""
    for name in file.needed:
        if name not in needed:
            yield Finding("needed", name, f"depends on {name}")
    for path in file.search_paths:
        yield Finding("search-path", path, f"looks for libraries in {path}")
    checks: tuple[tuple[str, Callable[[], bool], str], ...] = (
        ("text-relocations", lambda: file.text_relocations, "has relocations in its text"),
        (
            "executable-stack",
            lambda: file.executable_stack is not False,
            "wants an executable stack",
        ),
        (
            "segment",
            lambda: any(s.executable and s.writable for s in file.segments),
            "has a segment that is writable and executable",
        ),
    )
    for rule, wrong, message in checks:
        if wrong():
            yield Finding(rule, "", message)


def _hint(name: str, candidates: Collection[str]) -> str:
    close = get_close_matches(name, candidates, n=1, cutoff=0.8)
    return f" (nearest: {close[0]})" if close else ""

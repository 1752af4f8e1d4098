"""The verdicts of Fuchsia's build scripts, for those who check both ways (``--compat fuchsia``).

Own words; the scripts' steps are those of ``build/cpp`` at the end of 2023, and before that of
2022: `Edition`.  Symbols are read as everywhere here: files whose sections hide symbols, which
the scripts' tools take for files without any, are not waved through.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Final

from harness.symbols.demangle import PREFIX, NoDemanglerError, demangle
from harness.symbols.elf import read_elf
from harness.symbols.interface_text import interface_text
from harness.symbols.model import SymbolFile
from harness.symbols.report import Finding, Report
from harness.symbols.text import printable, read_text


@dataclass(frozen=True, slots=True)
class Edition:
    """What differs between the stored versions of the scripts."""

    #: Whether weak imports count: llvm-nm got --no-weak later.
    weak_imports: bool
    #: Whether sizes are part of the golden interface: llvm-ifs got --strip-size later.
    sizes: bool
    #: Whether C++ names in the golden interface are refused.
    refuses_cpp: bool


EDITIONS: Final = {
    "fuchsia": Edition(weak_imports=False, sizes=False, refuses_cpp=False),
    "fuchsia-2022": Edition(weak_imports=True, sizes=True, refuses_cpp=True),
}
_SUFFIXES: Final = (".so", ".so.debug")


def check_as_fuchsia(
    library: Path, edition: Edition, *, imports: Path | None = None, exports: Path | None = None
) -> Report:
    """The scripts' verdict on a library; what is not given is not checked."""
    file = read_elf(library)
    archive = library.name.endswith(".a")
    report = Report(library, file.machine, len(file.imports), len(file.exports))
    report.findings += [Finding("contradiction", "", text) for text in file.contradictions]
    if archive:
        report.findings.append(
            Finding("compat", "", "static libraries are not supported: taken for empty", True)
        )
    elif not library.name.endswith(_SUFFIXES):
        report.findings.append(Finding("compat", "", "neither .so nor .so.debug"))
        return report
    if imports:
        report.add(_check_imports(file, imports, edition, archive))
    if exports:
        report.add(_check_exports(file, exports, edition))
    return report


def _check_imports(
    file: SymbolFile, allowlist: Path, edition: Edition, archive: bool
) -> Iterator[Finding]:
    current = [] if archive else [
        symbol.full_name
        for symbol in file.imports
        if edition.weak_imports or symbol.binding != "weak"
    ]  # fmt: skip
    cpp = _cpp_names(current)
    for name, plain in cpp.items():
        message = f"C++ symbols cannot be imported: {printable(name)} ({plain or 'not demangled'})"
        yield Finding("compat", name, message)
    if cpp:
        return  # the script ends here
    # Whole lines: comments are lines that no symbol equals, blanks at the end make a difference.
    allowed = set(read_text(allowlist).split("\n"))
    for name in current:
        if name not in allowed:
            message = f"{printable(name)} is not on the allowlist"
            yield Finding("compat", name, message, fix=f"add the line {name!r} to {allowlist}")


def _cpp_names(names: list[str]) -> dict[str, str]:
    """Those that a demangler changes; all that look mangled where there is none."""
    bare = {name.partition("@")[0]: name for name in names}
    try:
        return {bare[name]: plain for name, plain in demangle(bare).items()}
    except NoDemanglerError:
        return {name: "" for name in names if name.startswith(PREFIX)}


def _check_exports(file: SymbolFile, reference: Path, edition: Edition) -> Iterator[Finding]:
    text = read_text(reference)
    lines = text.splitlines(keepends=True)
    if edition.refuses_cpp and not Path(file.path).name.startswith("libc.so"):
        for number, line in enumerate(lines, 1):
            if "Name: _Z" in line:
                message = f"a C++ symbol in the reference: {line.strip()}"
                yield Finding("compat", "", message, file=reference, line=number)
    if text.startswith("---"):
        current = interface_text(file, size=edition.sizes)
    else:
        current = "".join(f"{name}\n" for name in sorted(_strong_code(file)))
    if current != text:
        changes = [
            line.rstrip("\n")
            for line in unified_diff(lines, current.splitlines(keepends=True), n=0)
            if line[:1] in "+-" and line[:3] not in ("+++", "---")
        ]
        for change in changes or ["only the end of the file differs"]:
            fix = f"to accept it: zxh symbols update {file.path} --exports {reference}"
            yield Finding("compat", "", f"the ABI has changed: {change}", fix=fix)


def _strong_code(file: SymbolFile) -> Iterator[str]:
    """What the golden file of 2019 has: symbols that nm marks with a T."""
    for symbol in file.exports:
        if symbol.binding == "global" and symbol.type != "ifunc":
            for segment in file.segments:
                inside = 0 <= symbol.value - segment.address < segment.memory_size
                if inside and segment.executable:
                    yield symbol.name

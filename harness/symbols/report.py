"""What a check finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

#: Rule -> what it is about, in one line.
RULES: Final = {
    "import": "Every imported symbol is on the allowlist",
    "cpp": "No C++ symbol is imported or promised",
    "weak": "A symbol that may be missing is imported weakly",
    "tls": "Thread-local variables of others are imported only where the list says so",
    "visibility": "Symbols of the dynamic table are visible",
    "provider": "What is listed and imported is exported by the one who provides it",
    "unused": "What is listed is imported",
    "duplicate": "Nothing is listed twice",
    "interface": "Exports are those of the interface file",
    "version-script": "Exports are those of the version script",
    "export": "The vDSO exports each call of the interface and nothing else",
    "alias": "Each call of the vDSO has a weak and a strong name",
    "soname": "The library has the name it should",
    "target": "The library is for the machine it should be for",
    "needed": "The library depends on allowed libraries only",
    "search-path": "The library does not choose where libraries are looked for",
    "text-relocations": "Code is not relocated",
    "executable-stack": "The stack is not executable",
    "segment": "No memory is both writable and executable",
    "raw-call": "System calls go through the vDSO",
    "ifunc": "No code of the library runs while it is bound",
    "contradiction": "Sections, hash tables and relocations say the same",
    "compat": "The verdict of Fuchsia's build scripts",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    #: One of `RULES`.
    rule: str
    symbol: str
    message: str
    #: Warnings do not fail a check.
    warning: bool = False
    #: The allowed name most like it.
    nearest: str = ""
    #: Where it is used.
    uses: tuple[str, ...] = ()
    #: Who could supply it.
    provider: str = ""
    #: What to do: the line to add to which file.
    fix: str = ""
    #: The file and line that it is about, if it is about a list; else the library.
    file: Path | None = None
    line: int = 0

    @property
    def severity(self) -> str:
        """ "warning" or "error"."""
        return "warning" if self.warning else "error"

    @property
    def text(self) -> str:
        """The message with the nearest name."""
        return f"{self.message} (nearest: {self.nearest})" if self.nearest else self.message

    @property
    def details(self) -> list[str]:
        """Further lines: uses, provider, what to do."""
        lines = [f"used by {use}" for use in self.uses]
        if self.provider:
            lines.append(f"supplied by {self.provider}")
        if self.fix:
            lines.append(self.fix)
        return lines


@dataclass(slots=True)
class Report:
    """What was checked and what was found."""

    library: Path
    machine: str
    imports: int
    exports: int
    findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Take further findings in."""
        self.findings.extend(findings)

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
            "findings": [_finding_json(finding) for finding in self.findings],
        }


def _finding_json(finding: Finding) -> dict[str, object]:
    known: dict[str, object] = {
        "rule": finding.rule,
        "symbol": finding.symbol,
        "message": finding.message,
        "severity": finding.severity,
    }
    extra: dict[str, object] = {
        "nearest": finding.nearest,
        "uses": list(finding.uses),
        "provider": finding.provider,
        "fix": finding.fix,
        "file": str(finding.file) if finding.file else "",
        "line": finding.line,
    }
    return known | {key: value for key, value in extra.items() if value}

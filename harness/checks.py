"""Verdicts that are no programs: symbol lists and the interface rubric, the table's last rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One check and what it found."""

    #: "symbols" or "rubric".
    kind: str
    #: What was checked: a library with its architecture, the interface.
    subject: str
    #: One line per violation; empty if all is well.
    findings: tuple[str, ...]
    #: What was looked at, for the table: "12 imports, 80 exports".
    extent: str = ""
    #: The target it is about; empty for what all have in common.
    target: str = ""

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def all_checks() -> list[Check]:
    """Every check, in the order of the table's last rows."""
    return [*symbol_checks(), rubric_check()]


def symbol_checks() -> list[Check]:
    """The built libraries and vDSOs against their lists."""
    from harness.symbols.images import check_images

    return [
        Check(
            "symbols",
            report.library.name,
            tuple(finding.text for finding in report.violations),
            f"{report.imports} imports, {report.exports} exports",
            report.library.parent.name,
        )
        for report in check_images()
    ]


def rubric_check() -> Check:
    """Our own interface against the rubric, less the departures with a reason."""
    from harness.rubric.cli import check_ours

    result = check_ours()
    new = [f"{f.rule} {f.function}: {f.message}" for f in result.findings]
    stale = [f"{rule} {function}: stale exception" for rule, function in result.stale]
    return Check(
        "rubric",
        "system calls",
        (*new, *stale),
        f"{result.functions} functions, {result.rules} rules, {result.excepted} exceptions",
    )

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

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

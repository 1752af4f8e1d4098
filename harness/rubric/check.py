"""Applying the rules to an interface."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.rubric.exceptions import Exceptions
from harness.rubric.rule import Finding, Interface, Rule
from harness.rubric.rules import RULES


@dataclass(slots=True)
class Result:
    """What was found."""

    #: Violations that no exception covers.
    findings: list[Finding] = field(default_factory=list)
    #: Exceptions (rule, function) that cover nothing.
    stale: list[tuple[str, str]] = field(default_factory=list)
    #: How many violations exceptions cover.
    excepted: int = 0
    rules: int = 0
    functions: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing fails."""
        return not self.findings and not self.stale

    @property
    def verdict(self) -> str:
        """One phrase for a table."""
        if self.ok:
            return (
                f"ok ({self.functions} functions, {self.rules} rules, {self.excepted} exceptions)"
            )
        return f"{len(self.findings)} new, {len(self.stale)} stale exceptions"


def check_interface(
    interface: Interface,
    exceptions: Exceptions | None = None,
    rules: Iterable[Rule] = RULES.values(),
) -> Result:
    """Apply *rules* to *interface*, less what *exceptions* cover."""
    chosen = list(rules)
    found = [finding for rule in chosen for finding in rule.apply(interface)]
    result = Result(found, rules=len(chosen), functions=len(interface.calls))
    if exceptions is not None:
        result.findings, result.stale = exceptions.split(found)
        result.excepted = len(found) - len(result.findings)
    return result

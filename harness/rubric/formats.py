"""How a result is told: text, JSON, SARIF, or annotations of GitHub's actions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from harness.report.annotations import Annotation, Level, github, sarif
from harness.rubric.check import Result
from harness.rubric.rule import Finding
from harness.rubric.rules import RULES

_TOOL: Final = "zxh rubric"
_STALE: Final = "stale exception, nothing violates the rule there"
_LEVELS: Final[dict[str, Level]] = {"must": "error", "abi": "error", "should": "warning"}


def as_text(result: Result) -> str:
    """A line per finding, and what came of it."""
    lines = [_line(finding) for finding in result.findings]
    lines += [f"{rule} {name}: {_STALE}" for rule, name in result.stale]
    lines.append(f"rubric: {result.verdict}")
    return "\n".join(lines) + "\n"


def _line(finding: Finding) -> str:
    place = f"{_shown(finding)}: " if finding.place is not None else ""
    name = f"{finding.function}({finding.parameter})" if finding.parameter else finding.function
    return f"{place}{finding.rule} {name}: {finding.message}. {RULES[finding.rule].fix}"


def _shown(finding: Finding) -> str:
    assert finding.place is not None
    path = finding.place.path
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return f"{shown}:{finding.place.line}"


def summary_table(result: Result, console: Console) -> None:
    """Findings per rule, for people."""
    table = Table(box=box.SIMPLE)
    for heading in ("rule", "severity", "statement"):
        table.add_column(heading)
    table.add_column("findings", justify="right")
    for rule, count in sorted(Counter(finding.rule for finding in result.findings).items()):
        style = "red" if _LEVELS[RULES[rule].severity] == "error" else "yellow"
        table.add_row(rule, RULES[rule].severity, RULES[rule].statement, str(count), style=style)
    if result.findings:
        console.print(table)


def as_json(result: Result) -> str:
    """An object with ``findings`` and ``stale``."""
    document = {
        "ok": result.ok,
        "functions": result.functions,
        "rules": result.rules,
        "excepted": result.excepted,
        "findings": [
            {
                "rule": finding.rule,
                "severity": RULES[finding.rule].severity,
                "function": finding.function,
                "parameter": finding.parameter,
                "file": str(finding.place.path) if finding.place else None,
                "line": finding.place.line if finding.place else None,
                "message": finding.message,
                "fix": RULES[finding.rule].fix,
            }
            for finding in result.findings
        ],
        "stale": [{"rule": rule, "function": function} for rule, function in result.stale],
    }
    return json.dumps(document, indent=1) + "\n"


def as_sarif(result: Result) -> str:
    """SARIF 2.1.0, which code hosts and editors show beside the source."""
    rules = {rule.id: (rule.statement, rule.fix) for rule in RULES.values()}
    return sarif(_TOOL, rules, _annotations(result))


def as_github(result: Result) -> str:
    """Workflow commands, which put findings on the lines of a pull request."""
    return github(_TOOL, _annotations(result))


def _annotations(result: Result) -> Iterator[Annotation]:
    for finding in result.findings:
        place = finding.place
        yield Annotation(
            finding.rule,
            _LEVELS[RULES[finding.rule].severity],
            f"{finding.function}: {finding.message}",
            place.path if place is not None else None,
            place.line if place is not None else 0,
            finding.function,
        )
    for rule, name in result.stale:
        yield Annotation(rule, "error", f"{name}: {_STALE}", symbol=name)


FORMATS: Final[Mapping[str, Callable[[Result], str]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}

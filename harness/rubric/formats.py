"""How a result is told: text, JSON, SARIF, or annotations of GitHub's actions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from harness import VERSION
from harness.rubric.check import Result
from harness.rubric.rule import Finding
from harness.rubric.rules import RULES

_LEVELS: Final = {"must": "error", "abi": "error", "should": "warning"}


def as_text(result: Result) -> str:
    """A line per finding, and what came of it."""
    lines = [_line(finding) for finding in result.findings]
    lines += [f"{rule} {name}: {_STALE}" for rule, name in result.stale]
    lines.append(f"rubric: {result.verdict}")
    return "\n".join(lines) + "\n"


_STALE: Final = "stale exception, nothing violates the rule there"


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
    used = sorted({f.rule for f in result.findings} | {rule for rule, _ in result.stale})
    results = [_sarif_result(finding) for finding in result.findings]
    results += [
        {"ruleId": rule, "level": "error", "message": {"text": f"{name}: {_STALE}"}}
        for rule, name in result.stale
    ]
    driver = {
        "name": "zxh rubric",
        "version": VERSION,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": RULES[rule].statement},
                "help": {"text": RULES[rule].fix},
            }
            for rule in used
            if rule in RULES
        ],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(document, indent=1) + "\n"


def _sarif_result(finding: Finding) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[RULES[finding.rule].severity],
        "message": {"text": f"{finding.function}: {finding.message}"},
    }
    if finding.place is not None:
        location = {
            "artifactLocation": {"uri": finding.place.path.as_posix()},
            "region": {"startLine": finding.place.line},
        }
        entry["locations"] = [{"physicalLocation": location}]
    return entry


def as_github(result: Result) -> str:
    """Workflow commands, which put findings on the lines of a pull request."""
    return "".join(f"{line}\n" for line in _commands(result))


def _commands(result: Result) -> Iterator[str]:
    for finding in result.findings:
        level = _LEVELS[RULES[finding.rule].severity]
        where = ""
        if finding.place is not None:
            file, _, line = _shown(finding).rpartition(":")
            where = f"file={_escaped(file, ':,')},line={line},"
        text = _escaped(f"{finding.function}: {finding.message}")
        yield f"::{level} {where}title={finding.rule}::{text}"
    for rule, name in result.stale:
        yield f"::error title={rule}::{_escaped(f'{name}: {_STALE}')}"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + more else c for c in text)


FORMATS: Final[Mapping[str, Callable[[Result], str]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}

"""Reports for people and for machines."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from harness.report.annotations import Annotation, github, sarif
from harness.report.xml_text import clean
from harness.symbols.report import RULES, Finding, Report

_TOOL: Final = "zxh symbols"


def as_text(reports: Sequence[Report]) -> str:
    """Lines for people."""
    lines = []
    for report in reports:
        lines.append(f"{report.library} ({report.machine}): {report.verdict}")
        for finding in report.findings:
            place = f"{_place(finding)}: " if finding.line else ""
            lines.append(f"  {finding.severity}: {place}{finding.text} [{finding.rule}]")
            lines += [f"    {detail}" for detail in finding.details]
    return "\n".join(lines) + "\n"


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}"


def as_json(reports: Sequence[Report]) -> str:
    """The reports as one JSON document."""
    document = {"ok": all(r.ok for r in reports), "reports": [r.as_json() for r in reports]}
    return json.dumps(document, indent=1) + "\n"


def as_junit(reports: Sequence[Report]) -> str:
    """JUnit XML: a test suite per library, a test case per rule."""
    root = ET.Element("testsuites", name="zxh symbols")
    for report in reports:
        suite = ET.SubElement(root, "testsuite", name=clean(str(report.library)))
        failures = 0
        for rule, meaning in RULES.items():
            case = ET.SubElement(
                suite, "testcase", classname=f"symbols.{report.machine}", name=rule, time="0"
            )
            found = [f for f in report.findings if f.rule == rule]
            errors = [f for f in found if not f.warning]
            if errors:
                failures += 1
                failure = ET.SubElement(case, "failure", type=rule, message=meaning)
                failure.text = clean("\n".join(_lines(errors)))
            warnings = [f for f in found if f.warning]
            if warnings:
                ET.SubElement(case, "system-out").text = clean("\n".join(_lines(warnings)))
        suite.set("tests", str(len(RULES)))
        suite.set("failures", str(failures))
    ET.indent(root, " ")
    text: str = ET.tostring(root, encoding="unicode", xml_declaration=True)
    return text + "\n"


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        yield finding.text
        yield from (f"  {detail}" for detail in finding.details)


def as_sarif(reports: Sequence[Report]) -> str:
    """SARIF 2.1.0, as code scanning of forges takes it."""
    rules = {rule: (meaning, "") for rule, meaning in RULES.items()}
    return sarif(_TOOL, rules, (_annotation(r, f, "") for r in reports for f in r.findings))


def as_github(reports: Sequence[Report]) -> str:
    """Workflow commands, which a GitHub job shows as annotations."""
    return github(
        _TOOL, (_annotation(r, f, f"{r.library.name}: ") for r in reports for f in r.findings)
    )


def _annotation(report: Report, finding: Finding, prefix: str) -> Annotation:
    message = prefix + "\n".join([finding.text, *finding.details])
    path = finding.file or report.library
    return Annotation(
        finding.rule,
        "warning" if finding.warning else "error",
        message,
        path,
        finding.line,
        finding.symbol,
    )


FORMATS: Final[dict[str, Callable[[Sequence[Report]], str]]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "sarif": as_sarif,
    "github": as_github,
}

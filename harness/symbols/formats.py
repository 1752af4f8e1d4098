"""Reports for people and for machines."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from harness import VERSION
from harness.report.xml_text import clean
from harness.symbols.report import RULES, Finding, Report

_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


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
    results = [_sarif_result(r, f) for r in reports for f in r.findings]
    rules = [{"id": rule, "shortDescription": {"text": meaning}} for rule, meaning in RULES.items()]
    driver = {"name": "zxh symbols", "version": VERSION, "rules": rules}
    document = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(document, indent=1) + "\n"


def _sarif_result(report: Report, finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file or report.library)}}
    if finding.line:
        physical["region"] = {"startLine": finding.line}
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.symbol:
        location["logicalLocations"] = [{"name": finding.symbol}]
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": finding.severity,
        "message": {"text": "\n".join([finding.text, *finding.details])},
        "locations": [location],
        "partialFingerprints": {
            "zxhSymbols/v1": f"{report.library.name}:{finding.rule}:{finding.symbol}"
        },
    }


def _uri(path: Path) -> str:
    """Relative to the working directory where it can be: forges want places in the repository."""
    full = path.resolve()
    try:
        return full.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return full.as_uri()


def as_github(reports: Sequence[Report]) -> str:
    """Workflow commands, which a GitHub job shows as annotations."""
    lines = []
    for report in reports:
        for finding in report.findings:
            fields = f"file={_property(_uri(finding.file or report.library))}"
            if finding.line:
                fields += f",line={finding.line}"
            fields += f",title={_property(f'zxh symbols: {finding.rule}')}"
            text = "\n".join([f"{report.library.name}: {finding.text}", *finding.details])
            lines.append(f"::{finding.severity} {fields}::{_data(text)}\n")
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Final[dict[str, Callable[[Sequence[Report]], str]]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "sarif": as_sarif,
    "github": as_github,
}

"""The JUnit XML report: a test suite per target, a test case per program."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime

from harness.checks import Check
from harness.report.xml_text import clean
from harness.run import Run, Verdict


def encode(run: Run, checks: Sequence[Check]) -> bytes:
    """The report as the bytes of a file."""
    root = ET.Element("testsuites", name="zxh run", time=f"{run.seconds:.3f}")
    started = datetime.fromtimestamp(run.started, UTC).isoformat()
    for index, target in enumerate(run.targets):
        suite = ET.SubElement(root, "testsuite", name=target.name, timestamp=started)
        properties = ET.SubElement(suite, "properties")
        for name, value in (("tier", target.tier), ("command", target.command)):
            ET.SubElement(properties, "property", name=name, value=value)
        for row in run.verdicts:
            _case(suite, row[index])
        _totals(suite)
    if checks:
        suite = ET.SubElement(root, "testsuite", name="checks", timestamp=started)
        for check in checks:
            case = ET.SubElement(
                suite,
                "testcase",
                classname=".".join(filter(None, (check.kind, check.target))),
                name=check.subject,
                time="0",
            )
            if not check.passed:
                first = clean(check.findings[0])
                ET.SubElement(case, "failure", message=first).text = clean(
                    "\n".join(check.findings)
                )
        _totals(suite)
    ET.indent(root, " ")
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _case(suite: ET.Element, verdict: Verdict) -> None:
    program = verdict.case.program
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"{verdict.target}.{verdict.case.family}",
        name=program.name,
        time="0",
    )
    if verdict.outcome == "diverge":
        reasons = [difference.reason for difference in verdict.differences]
        text = clean("\n".join(reasons))
        ET.SubElement(case, "failure", type="divergence", message=clean(reasons[0])).text = text
    elif verdict.outcome == "lost":
        failure = verdict.failure
        element = ET.SubElement(case, "error", type=failure.verdict if failure else "lost")
        element.text = clean(failure.text() if failure else verdict.reason)
    elif verdict.outcome in ("not implemented", "not compared", "not run"):
        functions = ", ".join(sorted(verdict.missing))
        ET.SubElement(case, "skipped", message=f"{verdict.outcome}: {functions}".rstrip(": "))
    elif verdict.outcome == "not emulatable":
        ET.SubElement(case, "skipped", message=clean(f"not emulatable: {verdict.reason}"))
    elif verdict.outcome == "not rewritten":
        ET.SubElement(case, "skipped", message=clean(f"cannot be rewritten: {verdict.reason}"))
    elif verdict.outcome == "known difference":
        rows = ", ".join(verdict.rows)
        ET.SubElement(case, "system-out").text = f"known edition difference: {rows}"
    elif verdict.outcome == "unstable":
        ET.SubElement(case, "system-out").text = "diverged at first, agreed on a reset machine"


def _totals(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))

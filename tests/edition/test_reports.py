"""How a run and its reports tell the results of a kernel of another edition."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import Any

from edition_steps import call, program, step_result
from rich.console import Console

from harness.cases import Case
from harness.report import document, junit, terminal
from harness.run import Run, TargetSummary, Verdict, _compare
from zxio_py.abi.editions import EDITION_2018


def verdict(expected: str, actual: str) -> Verdict:
    text = program(call("zx_handle_close", 3))

    def result(status: str) -> dict[str, Any]:
        return {"name": "p", "steps": [step_result("zx_handle_close", status)]}

    found = Verdict(Case(text, "suite"), "old", "diverge", None, result(expected), "host")
    _compare(found, result(actual), EDITION_2018)
    return found


def test_outcomes() -> None:
    known = verdict("ZX_ERR_WRONG_TYPE", "ZX_ERR_ACCESS_DENIED")
    assert (known.outcome, known.rows) == ("known difference", ("G1",))
    unknown = verdict("ZX_OK", "ZX_ERR_ACCESS_DENIED")
    assert (unknown.outcome, unknown.rows) == ("diverge", ())
    assert len(unknown.differences) == 1


def test_reports_tell_them_apart() -> None:
    known = verdict("ZX_ERR_WRONG_TYPE", "ZX_ERR_ACCESS_DENIED")
    unsaid = Verdict(known.case, "old", "not rewritten", reason="step 0: no such call")
    run = Run(targets=[TargetSummary("old", "tier")], verdicts=[[known], [unsaid]], started=0.0)
    assert run.exit_status == 0

    report = document.document(run, [], 0)
    (entry,) = report["known_differences"]
    assert entry["rows"] == ["G1"]
    (difference,) = entry["differences"]
    assert difference["rows"] == ["G1"]
    assert difference["consequence"] is False
    assert "host ZX_ERR_WRONG_TYPE, old ZX_ERR_ACCESS_DENIED" in difference["reason"]
    assert report["not_rewritten"][0]["reason"] == "step 0: no such call"
    assert report["divergences"] == []

    (suite,) = ET.fromstring(junit.encode(run, [])).findall("testsuite")
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
    assert suite.findtext("testcase/system-out") == "known edition difference: G1"

    text = io.StringIO()
    terminal.show(run, [], Console(file=text, width=100))
    assert "known edition differences, by row: G1 1" in text.getvalue()
    assert "cannot be rewritten: no such call 1" in text.getvalue()
    assert "all else agrees" in terminal.verdict_line(run, [])

"""The JSON report of a run, ``zx-report/1``."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness import VERSION
from harness.checks import Check
from harness.machine.machine import Failure
from harness.program.dump import dump_program
from harness.program.parse import EDITION
from harness.report.counts import by_family, by_origin
from harness.run import Run, TargetSummary, Verdict

if TYPE_CHECKING:
    from harness.fuzz.after import Found

FORMAT = "zx-report/1"


def document(
    run: Run, checks: Sequence[Check], exit_status: int, found: Sequence[Found] = ()
) -> dict[str, Any]:
    """The report as JSON-ready data; *found* are the divergences that were made small."""
    names = [target.name for target in run.targets]
    return {
        "format": FORMAT,
        "edition": EDITION,
        "version": VERSION,
        "python": platform.python_version(),
        "started": datetime.fromtimestamp(run.started, UTC).isoformat(),
        "seconds": round(run.seconds, 3),
        "exit_status": exit_status,
        "stopped": run.stopped,
        "targets": {target.name: _target(target) for target in run.targets},
        "families": _counts(by_family(run), names),
        "origins": _counts(by_origin(run), names),
        "comparing_seconds": round(run.compared, 3),
        "divergences": [_verdict(v) for v in run.all() if v.outcome in ("diverge", "unstable")],
        "shrunk": [
            {
                "kind": str(small.kind),
                "program": small.verdict.case.program.name,
                "target": small.kind.target,
                "flaky": small.shrunk.flaky,
                "summary": small.shrunk.summary(),
                "file": str(small.path),
                "small": dump_program(small.shrunk.program),
            }
            for small in found
            if small.shrunk is not None
        ],
        "lost": [_verdict(v) for v in run.all() if v.outcome == "lost"],
        "known_differences": [
            {
                "program": v.case.program.name,
                "target": v.target,
                "rows": list(v.rows),
                "reference": v.reference_name,
                "differences": _explained(v),
            }
            for v in run.all()
            if v.outcome == "known difference"
        ],
        "not_rewritten": [
            {"program": v.case.program.name, "target": v.target, "reason": v.reason}
            for v in run.all()
            if v.outcome == "not rewritten"
        ],
        "not_emulatable": [
            {"program": v.case.program.name, "target": v.target, "reason": v.reason}
            for v in run.all()
            if v.outcome == "not emulatable"
        ],
        "not_implemented": [
            {"program": v.case.program.name, "target": v.target, "functions": sorted(v.missing)}
            for v in run.all()
            if v.outcome == "not implemented"
        ],
        "programs": [
            {
                "name": row[0].case.program.name,
                "origin": row[0].case.origin,
                "outcomes": {v.target: v.outcome for v in row},
            }
            for row in run.verdicts
        ],
        "checks": [
            {
                "kind": check.kind,
                "subject": check.subject,
                "target": check.target,
                "passed": check.passed,
                "extent": check.extent,
                "findings": list(check.findings),
            }
            for check in checks
        ],
    }


def encode(report: dict[str, Any]) -> bytes:
    """The document as the bytes of a file."""
    return (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode()


def _counts(rows: Any, names: list[str]) -> dict[str, dict[str, dict[str, int]]]:
    return {
        key: {name: dict(counts[name]) for name in names if counts[name]}
        for key, counts in rows.items()
    }


def _target(target: TargetSummary) -> dict[str, Any]:
    return {
        "tier": target.tier,
        "programs": target.programs,
        "calls": target.calls,
        "waited_seconds": round(target.waited, 3),
        "resets": target.resets,
        "resident_bytes": target.resident,
        "command": target.command,
        "failures": [failure_data(failure) for failure in target.failures],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "program": dump_program(verdict.case.program),
        "origin": verdict.case.origin,
        "target": verdict.target,
        "outcome": verdict.outcome,
        "reference": verdict.reference_name,
        "differences": [d.reason for d in verdict.differences],
        "known": _explained(verdict),
        "expected": verdict.reference,
        "result": verdict.result,
        "reason": verdict.reason,
        "failure": failure_data(verdict.failure) if verdict.failure else None,
    }


def _explained(verdict: Verdict) -> list[dict[str, Any]]:
    """The differences that the edition's table explains, or that follow from such."""
    explained = verdict.known.explained if verdict.known is not None else ()
    return [
        {"reason": one.difference.reason, "rows": list(one.rows), "consequence": one.consequence}
        for one in explained
        if one.rows
    ]


def failure_data(failure: Failure) -> dict[str, Any]:
    """A machine's failure as JSON-ready data."""
    return dataclasses.asdict(failure)

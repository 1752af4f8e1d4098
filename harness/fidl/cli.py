"""``zxh fidl``: run conformance cases of FIDL against the codec of zxio_py."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from harness.errors import InputError
from harness.fidl.conformance import CONFORMANCE_FORMAT, check_conformance
from harness.fidl.transactional import TRANSACTIONAL_FORMAT, check_transactional
from harness.fidl.verdict import Verdict
from harness.program.parse import parse_json, read_input
from harness.program.results import write_atomically
from harness.program.values import brief

RESULT_FORMAT = "fidl-verdicts/1"

_CHECKS = {CONFORMANCE_FORMAT: check_conformance, TRANSACTIONAL_FORMAT: check_transactional}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "fidl", help="run conformance cases of FIDL against the codec", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="run the cases of a file",
        description="Runs every case of a conformance or transactional file: one verdict each.",
    )
    check.add_argument("file", type=Path, metavar="FILE.json")
    check.add_argument("--json", type=Path, metavar="OUT", help="also write the verdicts as JSON")
    check.set_defaults(run=_check)


def check_file(path: Path) -> Iterator[Verdict]:
    """The verdict on every case of the file at *path*; `InputError` if it is no such file."""
    source = str(path)
    document = parse_json(read_input(path), source)
    form = document.get("format") if isinstance(document, dict) else None
    if form not in _CHECKS:
        names = " or ".join(f'"{name}"' for name in _CHECKS)
        raise InputError(f'"format" is {brief(form)}, not {names}', where=source)
    return _CHECKS[form](document, source)


def _check(arguments: argparse.Namespace) -> int:
    # All before the first is shown: bad input gives one line and no verdicts.
    try:
        verdicts = list(check_file(arguments.file))
    except RecursionError:
        raise InputError("nested too deeply", where=str(arguments.file)) from None
    for verdict in verdicts:
        detail = f": {verdict.detail}" if verdict.detail else ""
        sys.stdout.write(f"{verdict.verdict} {verdict.kind} {verdict.name}{detail}\n")
    counts = Counter(verdict.verdict for verdict in verdicts)
    sys.stdout.write(
        f"fidl: {counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped\n"
    )
    if arguments.json:
        document = {
            "format": RESULT_FORMAT,
            "file": str(arguments.file),
            "passed": counts["pass"],
            "failed": counts["fail"],
            "skipped": counts["skip"],
            "cases": [asdict(verdict) for verdict in verdicts],
        }
        write_atomically(arguments.json, (json.dumps(document, indent=1) + "\n").encode())
    return 1 if counts["fail"] else 0

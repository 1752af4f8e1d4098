"""``zxh coverage``: what the suite reaches of the interface on each target."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from harness.coverage.matrix import Matrix, Row

_COLOURS = {
    "works": "green",
    "refuses": "yellow",
    "not emulatable": "cyan",
    "unseen": "magenta",
    "missing": "red",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "coverage",
        help="what the suite reaches of the interface on each target",
        description="Runs the built-in suite and prints, function by function, what each target "
        "does with it and which of its errors were seen on all of them.",
    )
    options.add_targets(parser)
    parser.add_argument(
        "--gaps", action="store_true", help="only functions with something missing or not seen"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the matrix as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write it as a page")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 once everything was run and counted."""
    from harness.cases import built_in
    from harness.coverage import document
    from harness.coverage.matrix import measure
    from harness.program.results import write_atomically
    from harness.targets.factory import open_targets

    with open_targets(options.targets(parsed), options.kernels(parsed)) as targets:
        matrix = measure(targets, [case.program for case in built_in()])
    if parsed.json is not None:
        text = json.dumps(document.as_json(matrix), indent=1) + "\n"
        write_atomically(parsed.json, text.encode())
    if parsed.markdown is not None:
        write_atomically(parsed.markdown, document.markdown(matrix).encode())
    _show(matrix, parsed.gaps)
    return 0


def _show(matrix: Matrix, gaps: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    out = Console() if sys.stdout.isatty() else Console(width=120)
    table = Table("function", *matrix.targets, "errors", "not seen", "unexpected")
    for row in matrix.rows:
        if not gaps or _has_gap(row):
            states = [f"[{_COLOURS[state]}]{state}[/]" for state in row.states]
            table.add_row(
                row.call.name, *states, row.share, " ".join(row.unseen), " ".join(row.unexpected)
            )
    out.print(table)
    _summary(matrix, out)


def _has_gap(row: Row) -> bool:
    return bool({"missing", "unseen"} & {*row.states} or row.unseen or row.unexpected)


def _summary(matrix: Matrix, out: Console) -> None:
    from harness.coverage.matrix import STATES

    for target in matrix.targets:
        counts = ", ".join(f"{matrix.count(target, state)} {state}" for state in STATES)
        out.print(f"{target}: {counts}", highlight=False)
    seen, total = matrix.errors
    out.print(
        f"{seen} of {total} errors of functions seen on every target, "
        f"{len(matrix.unreachable)} more cannot be caused, {matrix.programs} programs",
        highlight=False,
    )

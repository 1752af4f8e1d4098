"""``zxh coverage``: what the suite reaches of the interface on each target."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.coverage.matrix import Matrix, Row, State
    from harness.coverage.objects import ObjectMatrix

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
    parser.add_argument(
        "--zxio",
        action="store_true",
        help="functions of the zxio library by the type of object they are called on",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 once everything was run and counted."""
    if parsed.zxio:
        return _run_zxio(parsed)
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


def _run_zxio(parsed: argparse.Namespace) -> int:
    from harness.cases import built_in, select
    from harness.coverage.objects import as_json, measure_objects
    from harness.program.results import write_atomically
    from harness.targets.factory import open_targets

    if parsed.markdown is not None:
        raise InputError("--markdown does not go with --zxio")
    with open_targets(options.targets(parsed), options.kernels(parsed)) as targets:
        programs = [case.program for case in select(built_in(), ["zxio"])]
        matrix = measure_objects(targets, programs)
    if parsed.json is not None:
        write_atomically(parsed.json, (json.dumps(as_json(matrix), indent=1) + "\n").encode())
    _show_objects(matrix, parsed.gaps)
    return 0


def _show_objects(matrix: ObjectMatrix, gaps: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from harness.coverage.objects import TYPES, columns, functions

    out = Console() if sys.stdout.isatty() else Console(width=120)
    table = Table("function", *TYPES)
    for call in functions():
        states = {kind: matrix.states(call.name, kind) for kind in columns(call)}
        if gaps and not {"missing", "unseen"} & {s for found in states.values() for s in found}:
            continue
        table.add_row(call.name, *(_cell(states.get(kind, ())) for kind in TYPES))
    out.print(table)
    out.print(
        f"{matrix.programs} programs on {', '.join(matrix.targets)}; "
        "a cell with several words has one for each target",
        highlight=False,
    )


def _cell(states: Sequence[State]) -> str:
    """One word if all targets agree, else one for each; nothing where there is no such cell."""
    words = states if len(set(states)) > 1 else states[:1]
    return " ".join(f"[{_COLOURS[state]}]{state}[/]" for state in words)

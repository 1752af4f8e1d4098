"""``zxh replay``: a program or a divergence run again, all results beside each other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.program.model import Program
    from harness.run import Runner, Verdict


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "replay",
        help="run one program and show all results side by side",
        description="Runs a program, or each of a file, and shows results that differ side by "
        "side; of a file that a divergence was written to it says whether it is still there.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="program file (zx-program/1)")
    options.add_targets(parser)
    parser.add_argument("-k", dest="name", metavar="NAME", help="only the program of this name")
    parser.add_argument(
        "--gdb",
        action="store_true",
        help="stop a guest before the call that diverges, for a debugger; needs one --target "
        "besides the host, and one program",
    )
    parser.add_argument(
        "--step",
        type=int,
        metavar="N",
        help="with --gdb: stop before step N (default: the first that diverges)",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 agree, 1 diverge, 3 a machine was lost."""
    from harness.program.parse import read_programs

    programs = read_programs(parsed.file)
    if parsed.name is not None:
        programs = [program for program in programs if program.name == parsed.name]
        if not programs:
            raise InputError(f"no program is called {parsed.name}", where=str(parsed.file))
    if parsed.step is not None and not parsed.gdb:
        raise InputError("--step goes with --gdb")
    if parsed.gdb:
        return _debug(parsed, programs)

    from rich.console import Console

    from harness.cases import Case
    from harness.fuzz.found import read_found
    from harness.report.terminal import PLAIN_WIDTH
    from harness.run import Runner

    runner = Runner(options.targets(parsed), kernels=options.kernels(parsed))
    try:
        out = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
        result = runner.compare([Case(program, parsed.file.name) for program in programs])
        if result.stopped:
            sys.stderr.write(f"zxh: {result.stopped}\n")
            return result.exit_status
        found = read_found(parsed.file)
        for program, row in zip(programs, result.verdicts, strict=True):
            _show(runner, program, row, out)
            if found:
                _show_then(found, row, out)
        return result.exit_status
    finally:
        runner.close()


def _show(runner: Runner, program: Program, row: Sequence[Verdict], out: Console) -> None:
    """All results of one program: those that differ beside the first, and what agrees once."""
    from harness.program.normalise import normalise
    from harness.report.sidebyside import alone, side_by_side

    out.print(program.name, style="bold", markup=False, highlight=False)
    if program.note:
        out.print(program.note, style="dim", markup=False, highlight=False)
    agree = [verdict.target for verdict in row if verdict.outcome == "agree"]
    shown = False
    for verdict in row:
        if verdict.outcome == "agree":
            continue
        reason = f": {verdict.reason}" if verdict.reason else ""
        text = f"{verdict.target}: {verdict.outcome}{reason}"
        out.print(text, markup=False, highlight=False)
        if verdict.reference is not None and verdict.result is not None:
            names = verdict.reference_name, verdict.target
            out.print(side_by_side(program, verdict.reference, verdict.result, names))
            shown = True
    if agree and not shown:
        target = next(t for t in runner.targets if t.name == agree[0])
        target.start([program])
        (seen,) = target.finish()
        out.print(alone(program, normalise(program, seen), " = ".join(agree)))
    elif agree:
        out.print(f"agree: {', '.join(agree)}", markup=False, highlight=False)


def _show_then(found: Any, row: Sequence[Verdict], out: Console) -> None:
    """Whether what was seen is what the file was written for."""
    from harness.fuzz.kind import kinds

    then = found.get("kind")
    now = [str(kind) for kind in kinds(row)]
    if then in now:
        text = f"as it was found: {then}"
    elif now:
        text = f"not as it was found: then {then}; now {now[0]}"
    else:
        text = f"not there any more: {then}"
    out.print(text, markup=False, highlight=False)


def _debug(parsed: argparse.Namespace, programs: Sequence[Program]) -> int:
    from harness.fuzz.debug import stop_before
    from harness.targets.factory import TARGETS

    guests = [name for name in parsed.targets or () if name != "host"]
    if len(guests) != 1 or guests[0] not in TARGETS:
        raise InputError("--gdb takes one guest: --target x86_64 or --target arm64")
    if len(programs) != 1:
        raise InputError(
            f"--gdb takes one program, not {len(programs)}: choose one with -k",
            where=str(parsed.file),
        )
    return stop_before(programs[0], guests[0], parsed.step)

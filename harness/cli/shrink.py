"""``zxh shrink``: the smallest programs that still show the divergences of a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options

if TYPE_CHECKING:
    from harness.cases import Case
    from harness.run import Runner

#: Seconds for each divergence.
SECONDS = 60.0


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "shrink",
        help="make programs that diverge as small as can be",
        description="Runs the programs of FILE, makes each that diverges smaller for as long as "
        "it shows the same divergence, shows the result and writes it to a file. A divergence "
        "that does not show every time is called flaky and left as it is.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="program file (zx-program/1)")
    options.add_targets(parser)
    parser.add_argument(
        "--seconds",
        type=options.positive_seconds,
        default=SECONDS,
        metavar="N",
        help="time for each divergence (default: %(default)g)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("zxh-results"),
        metavar="DIR",
        help="directory for the small programs (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 all agree, 1 a divergence, 3 a machine could not be kept alive."""
    from harness.program.parse import read_programs
    from harness.run import Runner

    programs = read_programs(parsed.file)
    options.make_directory(parsed.output)
    runner = Runner(options.targets(parsed), kernels=options.kernels(parsed))
    try:
        from harness.cases import Case

        cases = [Case(program, parsed.file.name) for program in programs]
        return _shrink_all(parsed, runner, cases)
    finally:
        runner.close()


def _shrink_all(parsed: argparse.Namespace, runner: Runner, cases: list[Case]) -> int:
    from rich.console import Console

    from harness.fuzz.after import Shrinker
    from harness.report.terminal import PLAIN_WIDTH, describe_shrunk

    out = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
    result = runner.compare(cases, confirm=False)
    if result.stopped:
        sys.stderr.write(f"zxh: {result.stopped}\n")
        return result.exit_status
    shrinker = Shrinker(runner, parsed.output, float("inf"), parsed.seconds)
    for found in shrinker.found(result.verdicts):
        describe_shrunk(found, out)
    diverged = sum(any(v.outcome == "diverge" for v in row) for row in result.verdicts)
    out.print(f"{len(cases)} programs, {diverged} diverge", highlight=False)
    return result.exit_status

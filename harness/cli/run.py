"""``zxh run``: the main job."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import InputError, MachineError

if TYPE_CHECKING:
    from harness.cases import Case
    from harness.fuzz.after import Found
    from harness.run import Run, Runner


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="run the suite on all targets and compare (the main job)",
        description="Runs programs on the host emulation and on the guest kernels, compares "
        "every observation, prints a table and writes report.json and report.xml (JUnit).",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="program or vector files (default: the built-in suite and vectors)",
    )
    options.add_targets(parser)
    parser.add_argument(
        "-k",
        dest="patterns",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only programs whose name matches this shell pattern, or of this family; "
        "may be given several times",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("zxh-results"),
        metavar="DIR",
        help="directory for report.json and report.xml (default: %(default)s)",
    )
    parser.add_argument(
        "--reset-each",
        action="store_true",
        help="reset the machine before every program (slower, stronger isolation)",
    )
    parser.add_argument(
        "--no-shrink",
        action="store_true",
        help="leave programs that diverge as they are (otherwise up to a minute goes into "
        "making them small)",
    )
    parser.add_argument("--no-checks", action="store_true", help="leave out symbols and rubric")
    parser.add_argument("--list", action="store_true", help="list the programs and stop")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out and return the exit status."""
    if parsed.list:
        return _list(parsed)
    options.make_directory(parsed.output)
    from harness.run import Runner

    # The machines boot while the suite is read and the terminal library is loaded.
    runner = Runner(
        options.targets(parsed), reset_each=parsed.reset_each, kernels=options.kernels(parsed)
    )
    try:
        return _run(parsed, runner)
    finally:
        runner.close()


def _run(parsed: argparse.Namespace, runner: Runner) -> int:
    cases = _cases(parsed)
    from rich.console import Console

    from harness.program.results import write_atomically
    from harness.report import document, junit, terminal
    from harness.report.journal import Journal

    errors = Console(stderr=True)
    journal = Journal(parsed.output / "running.jsonl")
    with terminal.ProgressView(errors, parsed.quiet) as view:
        result = runner.compare(cases, view.update, journal.add)
    found = [] if parsed.no_shrink else _shrink(parsed, runner, result)
    runner.close()
    checks = []
    if not parsed.no_checks and not result.interrupted:
        from harness.checks import all_checks

        checks = all_checks()
    status = result.exit_status or (0 if all(check.passed for check in checks) else 1)
    # On the screen first: it has room when the disk has none.
    out = Console() if sys.stdout.isatty() else Console(width=terminal.PLAIN_WIDTH)
    terminal.show(result, checks, out)
    for small in found:
        terminal.describe_shrunk(small, out)
    out.print(terminal.verdict_line(result, checks), markup=False, highlight=False)
    try:
        report = document.encode(document.document(result, checks, status, found))
        write_atomically(parsed.output / "report.json", report)
        write_atomically(parsed.output / "report.xml", junit.encode(result, checks))
    finally:
        journal.remove()
    out.print(f"reports: {parsed.output}/report.json, report.xml", markup=False, highlight=False)
    if result.stopped and not result.interrupted:
        sys.stderr.write(f"zxh: {result.stopped}\n")
    return status


def _shrink(parsed: argparse.Namespace, runner: Runner, result: Run) -> list[Found]:
    """Tell flaky divergences from others, and make those small."""
    if result.stopped or not (result.count("diverge") or result.count("lost")):
        return []
    from harness.fuzz.after import Shrinker, label_flaky

    found: list[Found] = []
    try:
        label_flaky(runner, result)
        shrinker = Shrinker(runner, parsed.output)
        found.extend(shrinker.found(result.verdicts))
        if shrinker.left:
            left = f"{shrinker.left} more sorts of divergence are as they were: time is over"
            sys.stderr.write(f"zxh: {left}; see: zxh shrink\n")
    except MachineError as error:
        sys.stderr.write(f"zxh: no smaller programs: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("zxh: interrupted while programs were made smaller\n")
    return found


def _cases(parsed: argparse.Namespace) -> list[Case]:
    from harness import cases

    found = [case for path in parsed.files for case in cases.read(path)]
    chosen = cases.select(found if parsed.files else cases.built_in(), parsed.patterns)
    if not chosen:
        raise InputError(f"no program matches {', '.join(parsed.patterns) or 'an empty suite'}")
    return chosen


def _list(parsed: argparse.Namespace) -> int:
    for case in _cases(parsed):
        note = f"  {case.program.note}" if case.program.note else ""
        sys.stdout.write(f"{case.program.name}  [{case.origin}]{note}\n")
    return 0

"""``zxh fuzz``: programs that nobody wrote, on all targets."""

from __future__ import annotations

import argparse
import datetime
import fnmatch
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.fuzz.campaign import Limits, Tally
    from harness.fuzz.generate import Generator
    from harness.run import Runner

SECONDS = 60.0


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "fuzz",
        help="make programs, run them on all targets, show what differs",
        description="Makes programs out of the built-in suite and the interface's definition, "
        "runs them on all targets, makes each new divergence small, shows it and writes it to a "
        "file. The same seed makes the same programs.",
    )
    options.add_targets(parser)
    parser.add_argument(
        "--time",
        type=options.positive_seconds,
        metavar="T",
        help="end after so long: 90, 30s, 5m (default: 60 s, if --programs is not given)",
    )
    parser.add_argument("--programs", type=int, metavar="N", help="end after so many programs")
    parser.add_argument("--seed", type=int, metavar="N", help="default: one from the clock")
    parser.add_argument(
        "--families",
        action="append",
        default=[],
        metavar="NAME",
        help="only about these objects: channel, vmo, zxio ... (several: repeat, or commas)",
    )
    parser.add_argument(
        "--calls",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only about these functions: zx_socket_* (several: repeat, or commas)",
    )
    parser.add_argument(
        "--seeds",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="program file to begin with besides the built-in suite",
    )
    parser.add_argument(
        "--no-seeds", action="store_true", help="do not run the seeds as they are before"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("zxh-corpus"),
        metavar="DIR",
        help="directory for divergences, and for corpus.json, the programs that reached something "
        "new; one that is there is gone on from (default: %(default)s)",
    )
    parser.add_argument(
        "--known", type=Path, metavar="FILE", help="known differences (default: the reviewed file)"
    )
    parser.add_argument(
        "--seeded-faults",
        action="store_true",
        help="measure: how many mistakes put into the host emulation are found, each in --time",
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 nothing found, 1 a divergence, 3 a machine could not be kept alive."""
    if parsed.programs is not None and parsed.programs < 1:
        raise InputError("--programs is at least 1")
    from harness.run import Runner

    options.make_directory(parsed.output)
    if parsed.seed is None:
        parsed.seed = time.time_ns() & 0xFFFFFFFF
    # The machines boot while seeds are read.
    runner = Runner(options.targets(parsed), kernels=options.kernels(parsed))
    try:
        return _measure(parsed, runner) if parsed.seeded_faults else _fuzz(parsed, runner)
    finally:
        runner.close()


def _fuzz(parsed: argparse.Namespace, runner: Runner) -> int:
    from rich.console import Console

    from harness.fuzz.campaign import Campaign
    from harness.fuzz.known import FILE, read_known, stale
    from harness.fuzz.shrink import Judge
    from harness.program.dump import format_programs
    from harness.program.results import write_atomically
    from harness.report.terminal import PLAIN_WIDTH, describe_shrunk

    path = parsed.known or FILE
    known = read_known(path, datetime.date.today())
    generator = _generator(parsed, runner)
    gone = stale(known, Judge(runner))
    if gone:
        raise InputError(f'"{gone[0].kind}" does not show any more: take it out', where=str(path))
    out = Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)
    out.print(f"seed {parsed.seed}, {len(generator.calls)} functions", highlight=False)
    campaign = Campaign(
        runner,
        generator,
        parsed.output,
        _limits(parsed),
        parsed.seed,
        known,
        with_seeds=not parsed.no_seeds,
    )
    tally = campaign.run(lambda found: describe_shrunk(found, out), _progress(parsed))
    if campaign.corpus:
        corpus = format_programs(campaign.corpus).encode()
        write_atomically(parsed.output / "corpus.json", corpus)
    _show(tally, out)
    return tally.exit_status


def _generator(parsed: argparse.Namespace, runner: Runner) -> Generator:
    from harness.cases import family_of_call
    from harness.fuzz.generate import Generator
    from harness.fuzz.seeds import seeds

    families = _words(parsed.families)
    patterns = _words(parsed.calls)

    def wanted(call: str) -> bool:
        chosen = any(fnmatch.fnmatchcase(call, pattern) for pattern in patterns)
        return chosen or family_of_call(call) in families or not (families or patterns)

    missing = frozenset.intersection(*(target.missing_calls() for target in runner.targets))
    corpus = parsed.output / "corpus.json"
    files = [*parsed.seeds, *([corpus] if corpus.exists() else [])]
    generator = Generator(seeds(files), parsed.seed, wanted, missing)
    if not generator.calls:
        raise InputError(f"no function matches {', '.join((*families, *patterns))}")
    return generator


def _words(given: list[str]) -> list[str]:
    return [word for text in given for word in text.split(",") if word]


def _limits(parsed: argparse.Namespace) -> Limits:
    from harness.fuzz.campaign import Limits

    seconds = parsed.time
    if seconds is None:
        seconds = SECONDS if parsed.programs is None else float("inf")
    return Limits(seconds, parsed.programs)


def _progress(parsed: argparse.Namespace) -> Callable[[Tally], None]:
    """A line on standard error now and then; on a terminal one that is written over."""
    if parsed.quiet:
        return lambda _: None
    terminal = sys.stderr.isatty()
    said = time.monotonic()

    def show(tally: Tally) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= (0.2 if terminal else 10):
            said = now
            sys.stderr.write(f"\r{_line(tally)}\x1b[K" if terminal else f"{_line(tally)}\n")
            sys.stderr.flush()

    return show


def _line(tally: Tally) -> str:
    running = max(tally.seconds - tally.shrinking, 1e-3)
    done = tally.seeds + tally.programs
    parts = [
        f"{tally.seeds} seeds",
        f"{tally.programs} programs in {tally.seconds:.0f} s ({done / running:.0f}/s)",
        f"{tally.joined} joined the seeds",
        f"{tally.found} sorts of divergence",
    ]
    if tally.flaky:
        parts.append(f"{tally.flaky} flaky")
    if tally.known:
        parts.append(f"{tally.known.total()} times a known difference")
    return ", ".join(parts)


def _show(tally: Tally, out: Console) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    for reason, times in tally.known.most_common():
        out.print(f"known, {times} times: {reason}", markup=False, highlight=False)
    out.print(_line(tally), markup=False, highlight=False)
    if tally.stopped:
        sys.stderr.write(f"zxh: {tally.stopped}\n")


def _measure(parsed: argparse.Namespace, runner: Runner) -> int:
    """How many seeded faults are found: 0 if all are, else 1."""
    from harness.fuzz.measure import measure

    found = total = 0
    limits, with_seeds = _limits(parsed), not parsed.no_seeds
    for result in measure(runner, lambda: _generator(parsed, runner), limits, with_seeds):
        total += 1
        found += result.found
        what = f"after {result.seconds:.1f} s: {result.kind}" if result.found else "NOT FOUND"
        tried = f"{result.seeds} seeds, {result.programs} programs"
        sys.stdout.write(f"{result.fault.name}: {what} ({tried})\n")
        sys.stdout.flush()
    share = 100 * found / total
    sys.stdout.write(f"{found} of {total} seeded faults found ({share:.0f}%)\n")
    return 0 if found == total else 1

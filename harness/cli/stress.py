"""``zxh stress``: a guest kernel under random calls of many threads."""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.targets.factory import SANITIZED_TARGETS, TARGETS

if TYPE_CHECKING:
    from harness.stress import Stress

#: Seeds are printed, and typed again.
_SEEDS = 1 << 32

_OURS = (*(name for name in TARGETS if name != "host"), *SANITIZED_TARGETS)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "stress",
        help="put a guest kernel under random calls of many threads",
        description="Threads of several processes in the guest make calls drawn at random from "
        "the whole interface, on objects that they share, and are killed and started again. "
        "In some rounds memory is short. Round by round the kernel must give back what it took. "
        "The same seed makes the same calls on the same kernel.",
    )
    parser.add_argument("target", choices=_OURS, metavar="TARGET", help=", ".join(_OURS))
    parser.add_argument(
        "--calls",
        type=_count,
        default=1_000_000,
        metavar="N",
        help="calls to make (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=_count, metavar="S", help="what to draw from (default: another each time)"
    )
    parser.add_argument(
        "--round", type=_count, default=0, metavar="R", help="round to begin with (default: 0)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report (zx-stress/1)")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 passed, 1 something was left behind, 3 the machine was lost."""
    from rich.console import Console

    from harness import stress
    from harness.report.terminal import ProgressView

    seed = random.SystemRandom().randrange(_SEEDS) if parsed.seed is None else parsed.seed
    with ProgressView(Console(stderr=True), parsed.quiet, what="calls") as view:
        result = stress.run(
            parsed.target,
            calls=parsed.calls,
            seed=seed,
            first_round=parsed.round,
            progress=lambda now: view.update(now.made, parsed.calls, 0),
        )
    if parsed.json is not None:
        from harness.program.results import write_atomically

        write_atomically(parsed.json, (json.dumps(result.document(), indent=1) + "\n").encode())
    _show(result)
    return result.exit_status


def _show(result: Stress) -> None:
    again = f"zxh stress {result.target} --seed {result.seed}"
    if result.failure is not None:
        sys.stdout.write(f"{result.failure.text()}\n")
    if result.complaint:
        sys.stdout.write(f"the program in the guest gave up: {result.complaint}\n")
    for number, more in result.leaks.items():
        left = ", ".join(f"{count} {what}" for what, count in more.items())
        sys.stdout.write(f"round {number} left behind: {left}\n")
    if result.functions:
        tallies = result.functions.values()
        sys.stdout.write(
            f"{sum(tally.made > 0 for tally in tallies)} of {len(tallies)} functions called, "
            f"{sum(tally.succeeded > 0 for tally in tallies)} with success, "
            f"{sum(tally.no_memory > 0 for tally in tallies)} also without memory\n"
        )
    rate = result.made / max(result.seconds, 1e-9)
    sys.stdout.write(
        f"{result.target}: {result.ending}, {result.made:,} calls in {result.rounds} rounds, "
        f"{result.seconds:.0f} s ({rate:,.0f}/s)\n"
        f"again: {again} --calls {result.calls}"
        + (f" --round {result.first_round}" if result.first_round else "")
        + "\n"
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    number = int(text)
    if number >= 1 << 63:
        raise argparse.ArgumentTypeError(f"{text} is too large")
    return number

"""``zxh bench``: the figures of the project, all from one run."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.targets.factory import KERNEL_VARIABLES, TARGETS, kernel_of

if TYPE_CHECKING:
    from harness.bench.figure import Figure

PARTS = ("machines", "host", "fidl", "differential", "symbols")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "bench",
        help="measure start-up, calls, transport and emulation",
        description="Measures the project against its yardsticks, side by side in one run.",
    )
    options.add_targets(parser)
    parser.add_argument(
        "--part", choices=PARTS, action="append", help="only this part; may be repeated"
    )
    parser.add_argument(
        "--rounds", type=int, default=15, metavar="N", help="rounds per median (default: 15)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a budget is not kept")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out."""
    import dataclasses

    figures = []
    for figure in _figures(parsed):
        figures.append(figure)
        sys.stdout.write(_line(figure) + "\n")
        sys.stdout.flush()
    if parsed.json:
        from harness.program.results import write_atomically

        data = [dataclasses.asdict(figure) | {"met": figure.met} for figure in figures]
        write_atomically(parsed.json, (json.dumps(data, indent=1) + "\n").encode())
    missed = [figure for figure in figures if figure.met is False]
    return 1 if parsed.check and missed else 0


def _figures(parsed: argparse.Namespace) -> Iterator[Figure]:
    parts = parsed.part or PARTS
    targets = options.targets(parsed)
    ours = [name for name in targets if name in TARGETS]
    if "machines" in parts:
        from harness.bench import machines, zircon

        given = options.kernels(parsed)
        kernels = {name: kernel_of(name, given) for name in targets if name in KERNEL_VARIABLES}
        for name in ours:
            if name != "host":
                yield from machines.measure(name, parsed.rounds)
        for name, kernel in kernels.items():
            yield from zircon.measure(name, kernel, parsed.rounds)
    if "host" in parts and "host" in targets:
        from harness.bench import host

        yield from host.measure(parsed.rounds)
    if "fidl" in parts and "host" in targets:
        from harness.bench import fidl

        yield from fidl.measure(parsed.rounds)
    if "differential" in parts and ours:
        from harness.bench import differential

        yield from differential.measure(ours, 1000 * parsed.rounds)
    if "symbols" in parts:
        from harness.bench import symbols

        yield from symbols.measure(parsed.rounds)


def _line(figure: Figure) -> str:
    value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.3g}"
    text = f"{figure.target:12} {figure.name:45} {value:>12} {figure.unit:4}"
    if figure.budget is not None:
        limit = "at most" if figure.better == "less" else "at least"
        verdict = "ok" if figure.met else "MISSED"
        text += f" {verdict:6} ({limit} {figure.budget:,.5g}"
        text += f"; {figure.note})" if figure.note else ")"
    elif figure.note:
        text += f"        ({figure.note})"
    return text.rstrip()

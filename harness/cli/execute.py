"""``zxh exec``: one program file on one target."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli import options
from harness.targets.factory import ALL_TARGETS


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "exec",
        help="run one program file on one target",
        description="Runs the programs of FILE on one target and writes what was seen.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="program file (zx-program/1)")
    parser.add_argument("-t", "--target", choices=ALL_TARGETS, required=True, help="where to run")
    options.add_kernels(parser)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="RESULTS",
        help="result file (zx-result/1; default: standard output)",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 if every program that can be run was, 3 if a machine was lost on the way."""
    import json

    from harness.compare import applies
    from harness.program.normalise import normalise
    from harness.program.parse import read_programs
    from harness.program.results import result_document, write_results
    from harness.targets.factory import open_target

    programs = read_programs(parsed.file)
    with open_target(parsed.target, options.kernels(parsed)) as target:
        # A program for other architectures has no result here.
        programs = [program for program in programs if applies(program, target.arch)]
        target.start(programs)
        observed = target.finish()
    results = [normalise(p, seen) for p, seen in zip(programs, observed, strict=True)]
    meta = {"target": parsed.target}
    if parsed.output is None:
        document = result_document(results, meta)
        sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    else:
        write_results(parsed.output, results, meta)
    for seen in observed:
        if seen.ending == "refused":
            text = f"{seen.name} cannot be rewritten: {seen.error}"
            sys.stderr.write(f"zxh: {parsed.target}: {text}\n")
    lost = [seen.name for seen in observed if seen.ending == "lost"]
    for name in lost:
        sys.stderr.write(f"zxh: {parsed.target}: the machine was lost in program {name}\n")
    return 3 if lost else 0

"""Options that several subcommands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from harness.targets.factory import ALL_TARGETS, KERNEL_VARIABLES, TARGETS, Kernels


def add_targets(parser: argparse.ArgumentParser) -> None:
    """``--target``, any number of times, and the kernels the user brings; see `targets`."""
    parser.add_argument(
        "-t",
        "--target",
        dest="targets",
        action="append",
        choices=ALL_TARGETS,
        help="run on this target only; may be given several times (default: "
        f"{', '.join(TARGETS)}, and those for which a kernel is given)",
    )
    add_kernels(parser)


def add_kernels(parser: argparse.ArgumentParser) -> None:
    """``--zircon-x64 PATH`` and its like; see `kernels`."""
    for name, variable in KERNEL_VARIABLES.items():
        parser.add_argument(
            f"--{name}",
            dest=name,
            type=Path,
            metavar="PATH",
            help=f"a Zircon kernel of your own for the target {name} (also: {variable})",
        )
    parser.add_argument(
        "--avoid-defects",
        action="store_true",
        help="on such a kernel leave out programs that would meet a defect it is known to have",
    )


def targets(parsed: argparse.Namespace) -> Sequence[str]:
    """The chosen targets, each once, in their usual order."""
    chosen = parsed.targets or (*TARGETS, *kernels(parsed).paths)
    return [name for name in ALL_TARGETS if name in chosen]


def kernels(parsed: argparse.Namespace) -> Kernels:
    """The kernels given by options."""
    given = {name: getattr(parsed, name) for name in KERNEL_VARIABLES}
    return Kernels(
        {name: path for name, path in given.items() if path is not None}, parsed.avoid_defects
    )

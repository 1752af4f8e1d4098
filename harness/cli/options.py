"""Options that several subcommands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from harness.errors import InputError
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


def positive_seconds(text: str) -> float:
    """A time on the command line: seconds, or with the unit s, m or h behind them."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    try:
        seconds = float(text if unit is None else text[:-1]) * (unit or 1.0)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90, 30s or 5m")
    return seconds


def make_directory(path: Path) -> None:
    """Make sure that there is a directory *path*; raises `InputError`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the directory: {error.strerror}", where=str(path)) from error

"""Options that several subcommands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from harness.targets.factory import TARGETS


def add_targets(parser: argparse.ArgumentParser) -> None:
    """``--target``, any number of times; see `targets`."""
    parser.add_argument(
        "-t",
        "--target",
        dest="targets",
        action="append",
        choices=TARGETS,
        help="run on this target only; may be given several times (default: all)",
    )


def targets(parsed: argparse.Namespace) -> Sequence[str]:
    """The chosen targets, each once, in their usual order."""
    chosen = parsed.targets or TARGETS
    return [name for name in TARGETS if name in chosen]

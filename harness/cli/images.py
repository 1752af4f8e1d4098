"""``zxh images``: what can be booted, and building it."""

from __future__ import annotations

import argparse
import sys


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser("images", help="list or build the guest images")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the images, their machines, whether they are built")
    listing.set_defaults(run=show)
    build = actions.add_parser("build", help="build the guest images from source (needs ziglang)")
    build.add_argument(
        "architectures",
        nargs="*",
        metavar="ARCH",
        help="x86_64, arm64 (default: both)",
    )
    build.add_argument(
        "--sanitize",
        action="store_true",
        help="build the variants that check themselves (undefined behaviour, stack frames, freed "
        "memory): the images *-sanitize",
    )
    build.set_defaults(run=build_images)


def show(_parsed: argparse.Namespace) -> int:
    """``zxh images list``."""
    from harness.machine import image

    for name in image.names():
        described = image.load(name)
        if described.programs == "boot files":
            state = "given" if described.kernel != image.NO_KERNEL else "yours"
        else:
            state = "built" if described.kernel.is_file() else "not built"
        sys.stdout.write(
            f"{name:15}  {described.architecture:6}  {described.memory_mib:4} MiB  {state:9}  "
            f"{described.description}\n"
        )
    return 0


def build_images(parsed: argparse.Namespace) -> int:
    """``zxh images build``."""
    from harness.build import __main__ as build

    return build.main([*parsed.architectures, *(["--sanitize"] if parsed.sanitize else [])])

"""``python -m harness.build [--sanitize] [ARCH ...]``: build the guest images."""

import sys
from typing import cast

from harness.build.images import ARCHES, build
from harness.errors import ZxhError
from harness.program.model import Arch


def main(arguments: list[str]) -> int:
    """Build the named architectures, or all; 2 with one message if that fails."""
    sanitize = "--sanitize" in arguments
    arguments = [name for name in arguments if name != "--sanitize"]
    unknown = [name for name in arguments if name not in ARCHES]
    if unknown:
        sys.stderr.write(f"zxh: unknown architecture: {', '.join(unknown)}\n")
        return 2
    try:
        build(cast("list[Arch]", arguments) or ARCHES, sanitize=sanitize)
    except ZxhError as error:
        sys.stderr.write(f"zxh: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

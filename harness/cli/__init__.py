"""The command ``zxh``: one module per subcommand, imported only when it is the one that runs."""

from __future__ import annotations

import os
import sys

from harness.errors import ZxhError

# Nothing that takes long to load: `zxh symbols list` takes no longer than what it replaces.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

EXIT_AGREE = 0
EXIT_DIVERGED = 1
EXIT_USAGE = 2
EXIT_MACHINE = 3
EXIT_INTERRUPTED = 130


class _Command:
    """A subcommand: the module whose ``add_parser(subparsers)`` defines it, and its one line."""

    __slots__ = ("help", "module")

    def __init__(self, module: str, line: str) -> None:
        self.module = module
        self.help = line


COMMANDS = {
    "run": _Command("harness.cli.run", "run the suite on all targets and compare (the main job)"),
    "exec": _Command("harness.cli.execute", "run one program file on one target"),
    "fuzz": _Command("harness.cli.fuzz", "make programs, run them on all targets"),
    "shrink": _Command("harness.cli.shrink", "make programs that diverge as small as can be"),
    "replay": _Command("harness.cli.replay", "run one program and show all results side by side"),
    "boot": _Command("harness.cli.boot", "boot a guest and talk to its console"),
    "coverage": _Command(
        "harness.cli.coverage", "what the suite reaches of the interface on each target"
    ),
    "bench": _Command("harness.cli.bench", "measure start-up, calls, transport and emulation"),
    "stress": _Command(
        "harness.cli.stress", "put a guest kernel under random calls of many threads"
    ),
    "images": _Command("harness.cli.images", "list or build the guest images"),
    "symbols": _Command("harness.symbols.cli", "hold libraries against their symbol lists"),
    "rubric": _Command("harness.rubric.cli", "apply the interface rubric to the system calls"),
    "fidl": _Command("harness.fidl.cli", "run conformance cases of FIDL against the codec"),
    "zbi": _Command("harness.zbi.cli", "list, extract or pack boot containers"),
    "test": _Command("harness.cli.test", "run the project's own tests, lint and type checks"),
}

_EPILOG = """\
exit status:
  0  all targets agree, all checks pass
  1  a divergence, a failed check
  2  bad input or usage
  3  a machine could not be started or kept alive
"""


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser; only the subcommand *command* gets its full definition."""
    import argparse
    import importlib

    from harness import VERSION

    parser = argparse.ArgumentParser(
        prog="zxh",
        description="Runs programs of system calls on a host emulation and two guest kernels, "
        "and compares everything that can be observed.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"zxh {VERSION}")
    # Without prog it would be found out with a help formatter, which loads a lot.
    subparsers = parser.add_subparsers(prog="zxh", dest="command", metavar="COMMAND", required=True)
    for name, entry in COMMANDS.items():
        if name == command:
            importlib.import_module(entry.module).add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=entry.help, add_help=False)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``zxh`` with *arguments* (default: the process's) and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = next((word for word in words if not word.startswith("-")), None)
    try:
        if words[:2] == ["symbols", "list"]:
            from harness.symbols.listing import list_symbols, plain_request

            request = plain_request(words[2:])
            if request is not None:
                status = list_symbols(*request)
                sys.stdout.flush()
                return status
        parser = build_parser(command)
        parsed, rest = parser.parse_known_args(words)
        if rest and not hasattr(parsed, "passed_on"):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        parsed.passed_on = rest
        status = parsed.run(parsed)
        sys.stdout.flush()
        return int(status)
    except ZxhError as error:
        sys.stderr.write(f"zxh: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("zxh: interrupted\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_AGREE

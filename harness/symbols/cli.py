"""``zxh symbols``: hold libraries against their symbol lists, or list what they have."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FORMATS = ("text", "json", "junit", "sarif", "github")
_EDITIONS = ("fuchsia", "fuchsia-2022")
_EPILOG = """\
An allowlist has one symbol a line, in groups headed by "# name"; after the name may stand weak-ok,
tls-ok, arch=x86_64,arm64, and a reason after " #". Exit status: 0 clean, 1 violations or
differences, 2 bad input or usage."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "symbols",
        help="hold libraries against their symbol lists",
        description=__doc__,
        epilog=_EPILOG,
    )
    actions = parser.add_subparsers(
        prog="zxh symbols", dest="action", metavar="ACTION", required=True
    )
    _add_check(actions.add_parser("check", help="check a library, or all built ones without LIB"))
    _add_list(actions.add_parser("list", help="list symbols"))
    _add_update(actions.add_parser("update", help="rewrite lists so that a library keeps them"))
    _add_diff(actions.add_parser("diff", help="show what a release changed"))
    _add_explain(actions.add_parser("explain", help="tell what is known about a name"))


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", nargs="?", metavar="LIB")
    _add_lists(parser)
    _add_provider(parser)
    _add_compat(parser)
    parser.add_argument(
        "--needed", action="append", default=[], metavar="SONAME", help="a library it may need"
    )
    parser.add_argument(
        "--vdso", action="store_true", help="LIB is a vDSO: check it against the ABI"
    )
    parser.add_argument("--strict", action="store_true", help="unused, repeated entries fail too")
    parser.add_argument("--warn", action="store_true", help="report violations, but exit with 0")
    parser.add_argument(
        "--format", choices=_FORMATS, default="text", help="of the report (default: text)"
    )
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.set_defaults(run=lambda arguments: _command("check", arguments))


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", metavar="LIB")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--imports", action="store_true", help="only undefined symbols")
    which.add_argument("--exports", action="store_true", help="only defined symbols")
    parser.add_argument("--versions", action="store_true", help="names as NAME@VERSION")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_list)


def _add_update(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("library", metavar="LIB")
    parser.add_argument("--imports", metavar="ALLOWLIST", help="gets what is missing")
    parser.add_argument("--exports", metavar="IFS", help="gets what LIB exports")
    _add_provider(parser)
    _add_compat(parser)
    parser.add_argument("--prune", action="store_true", help="remove what LIB does not import")
    parser.add_argument("--dry-run", action="store_true", help="only show; 1 if anything differs")
    parser.set_defaults(run=lambda arguments: _command("update", arguments))


def _add_diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=lambda arguments: _command("diff", arguments))


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("libraries", nargs="*", metavar="LIB", help="default: all built ones")
    _add_lists(parser)
    _add_provider(parser)
    parser.set_defaults(run=lambda arguments: _command("explain_name", arguments))


def _add_lists(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--imports", metavar="ALLOWLIST", help="symbols it may import")
    parser.add_argument("--exports", metavar="IFS", help="symbols it must export")
    parser.add_argument("--version-script", metavar="LD", help="the linker's export list")


def _add_provider(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="GROUP=FILE",
        help="who exports the symbols of a group of the allowlist; may be repeated",
    )


def _add_compat(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compat", choices=_EDITIONS, help="as Fuchsia's build scripts have it (late 2023, 2022)"
    )


def _command(name: str, arguments: argparse.Namespace) -> int:
    """Carry out an action whose module is loaded only now."""
    from harness.symbols import commands

    action: Callable[[argparse.Namespace], int] = getattr(commands, name)
    return action(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from harness.symbols.listing import list_symbols

    which = "imports" if arguments.imports else "exports" if arguments.exports else "all"
    return list_symbols(
        arguments.library, which, versions=arguments.versions, as_json=arguments.json
    )

"""``zxh symbols``: hold libraries against their symbol lists, or list what they have."""

from __future__ import annotations

import argparse
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.symbols.model import Symbol, SymbolFile

_LIST_FILES = """\
The allowlist has one symbol a line, in groups headed by "# name"; attributes: weak-ok, tls-ok,
arch=x86_64,arm64; a reason after " #". Exit status: 0 clean, 1 violations, 2 unreadable input."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "symbols",
        help="hold libraries against their symbol lists",
        description=__doc__,
        epilog=_LIST_FILES,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="check a library, or all built ones without LIB")
    check.add_argument("library", nargs="?", metavar="LIB")
    _add_lists(check)
    check.add_argument(
        "--needed", action="append", default=[], metavar="SONAME", help="a library it may need"
    )
    check.add_argument(
        "--vdso", action="store_true", help="LIB is a vDSO: check it against the ABI"
    )
    check.add_argument("--strict", action="store_true", help="unused and repeated entries fail too")
    check.add_argument("--json", action="store_true", help="write the report as JSON")
    check.set_defaults(run=_check)

    listing = actions.add_parser("list", help="list symbols")
    listing.add_argument("library", metavar="LIB")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--imports", action="store_true", help="only undefined symbols")
    which.add_argument("--exports", action="store_true", help="only defined symbols")
    listing.add_argument("--versions", action="store_true", help="names as NAME@VERSION")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)


def _add_lists(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--imports", metavar="ALLOWLIST", help="symbols it may import")
    parser.add_argument("--exports", metavar="IFS", help="symbols it must export")
    parser.add_argument("--version-script", metavar="LD", help="the linker's export list")
    parser.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="GROUP=FILE",
        help="who exports the symbols of a group of the allowlist",
    )


def _check(arguments: argparse.Namespace) -> int:
    import json
    from pathlib import Path

    from harness.symbols.check import check_library, check_vdso
    from harness.symbols.images import check_images
    from harness.symbols.imports import read_providers

    if arguments.library is None:
        reports = check_images()
    elif arguments.vdso:
        reports = [check_vdso(Path(arguments.library))]
    else:
        lists = {
            name: Path(value) if (value := getattr(arguments, name)) else None
            for name in ("imports", "exports", "version_script")
        }
        reports = [
            check_library(
                Path(arguments.library),
                **lists,
                needed=arguments.needed,
                providers=read_providers(arguments.provider),
                strict=arguments.strict,
            )
        ]
    if arguments.json:
        document = {"ok": all(r.ok for r in reports), "reports": [r.as_json() for r in reports]}
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        for report in reports:
            sys.stdout.write(f"{report.library} ({report.machine}): {report.verdict}\n")
            for finding in report.findings:
                sys.stdout.write(f"  {finding.severity}: {finding.text} [{finding.rule}]\n")
                for detail in finding.details:
                    sys.stdout.write(f"    {detail}\n")
    return 0 if all(report.ok for report in reports) else 1


def _list(arguments: argparse.Namespace) -> int:
    from harness.symbols.elf import read_elf

    file = read_elf(arguments.library)
    chosen = _chosen(file, arguments)
    if arguments.json:
        _list_json(file, chosen, arguments.versions)
        return 0
    plain = arguments.imports or arguments.exports
    lines = []
    for symbol in chosen:
        kind = "" if plain else f"{'export' if symbol.defined else 'import'} "
        name = symbol.full_name if arguments.versions else symbol.name
        lines.append(f"{kind}{name}\n" if name.isprintable() else f"{kind}{_escaped(name)}\n")
    sys.stdout.write("".join(lines))
    return 0


def _chosen(file: SymbolFile, arguments: argparse.Namespace) -> list[Symbol]:
    if arguments.imports:
        return file.imports
    if arguments.exports:
        return file.exports
    return file.imports + file.exports


def _escaped(name: str) -> str:
    from harness.symbols.text import printable

    return printable(name)


def _list_json(file: SymbolFile, symbols: Iterable[Symbol], versions: bool) -> None:
    import json

    document = {
        "library": str(file.path),
        "kind": file.kind,
        "machine": file.machine,
        "soname": file.soname,
        "needed": list(file.needed),
        "symbols": [
            {
                "name": symbol.full_name if versions else symbol.name,
                "type": symbol.type,
                "binding": symbol.binding,
                "visibility": symbol.visibility,
                "defined": symbol.defined,
                "size": symbol.size,
            }
            for symbol in symbols
        ],
    }
    sys.stdout.write(json.dumps(document, indent=1) + "\n")

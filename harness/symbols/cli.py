"""``zxh symbols``: hold libraries against their symbol lists, or list what they have."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from harness.symbols.check import Report, check_library, check_vdso
from harness.symbols.elf import DynamicFile, Symbol, read_elf
from harness.symbols.images import check_images


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "symbols", help="hold libraries against their symbol lists", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    check = actions.add_parser("check", help="check a library, or all built ones without LIB")
    check.add_argument("library", nargs="?", type=Path, metavar="LIB")
    check.add_argument("--imports", type=Path, metavar="ALLOWLIST", help="symbols it may import")
    check.add_argument("--exports", type=Path, metavar="IFS", help="symbols it must export")
    check.add_argument("--version-script", type=Path, metavar="LD", help="the linker's export list")
    check.add_argument("--needed", action="append", default=[], metavar="SONAME")
    check.add_argument(
        "--vdso", action="store_true", help="LIB is a vDSO: check it against the ABI"
    )
    check.add_argument("--strict", action="store_true", help="unused and repeated entries fail too")
    check.add_argument("--json", action="store_true", help="write the report as JSON")
    check.set_defaults(run=_check)

    listing = actions.add_parser("list", help="list dynamic symbols")
    listing.add_argument("library", type=Path, metavar="LIB")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--imports", action="store_true", help="only undefined symbols")
    which.add_argument("--exports", action="store_true", help="only defined symbols")
    listing.add_argument("--versions", action="store_true", help="names as NAME@VERSION")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(run=_list)


def _check(arguments: argparse.Namespace) -> int:
    if arguments.library is None:
        reports = check_images()
    elif arguments.vdso:
        reports = [check_vdso(arguments.library)]
    else:
        reports = [
            check_library(
                arguments.library,
                imports=arguments.imports,
                exports=arguments.exports,
                version_script=arguments.version_script,
                needed=arguments.needed,
                strict=arguments.strict,
            )
        ]
    if arguments.json:
        document = {"ok": all(r.ok for r in reports), "reports": [r.as_json() for r in reports]}
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        for report in reports:
            _print(report)
    return 0 if all(report.ok for report in reports) else 1


def _print(report: Report) -> None:
    sys.stdout.write(f"{report.library} ({report.machine}): {report.verdict}\n")
    for finding in report.findings:
        kind = "warning" if finding.warning else "error"
        sys.stdout.write(f"  {kind}: {finding.message} [{finding.rule}]\n")


def _list(arguments: argparse.Namespace) -> int:
    file = read_elf(arguments.library)
    chosen = _chosen(file, arguments)
    suffixes: dict[int, str] = {}
    if arguments.versions:
        from harness.symbols.versions import symbol_versions

        versions = symbol_versions(arguments.library)
        suffixes = {id(s): v for s, v in zip(file.symbols, versions, strict=False)}
    if arguments.json:
        document = {
            "library": str(file.path),
            "machine": file.machine,
            "soname": file.soname,
            "needed": list(file.needed),
            "symbols": [
                {
                    "name": symbol.name + suffixes.get(id(symbol), ""),
                    "type": symbol.type,
                    "binding": symbol.binding,
                    "defined": symbol.defined,
                    "size": symbol.size,
                }
                for symbol in chosen
            ],
        }
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
        return 0
    plain = arguments.imports or arguments.exports
    for symbol in chosen:
        kind = "" if plain else f"{'export' if symbol.defined else 'import'} "
        sys.stdout.write(f"{kind}{symbol.name}{suffixes.get(id(symbol), '')}\n")
    return 0


def _chosen(file: DynamicFile, arguments: argparse.Namespace) -> list[Symbol]:
    if arguments.imports:
        return file.imports
    if arguments.exports:
        return file.exports
    return file.imports + file.exports

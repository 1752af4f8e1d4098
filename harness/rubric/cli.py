"""``zxh rubric``: apply the interface rubric to our system calls or to others'."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from rich.console import Console

from harness.errors import InputError
from harness.rubric.abi_file import read_abi_file
from harness.rubric.annotated import annotated_header
from harness.rubric.check import Result, check_interface
from harness.rubric.exceptions import OUR_EXCEPTIONS, read_exceptions
from harness.rubric.formats import FORMATS, summary_table
from harness.rubric.header import read_header
from harness.rubric.ours import OPTION_SETS, our_interface
from harness.rubric.pages import write_pages
from harness.rubric.rule import Interface
from harness.rubric.rules import RULES

#: The documentation of our own interface; not part of an installed package.
OUR_DOCS: Final = Path(__file__).parents[2] / "docs" / "zircon"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "rubric", help="apply the interface rubric to system calls", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_check(actions)
    listing = actions.add_parser("rules", help="list the rules")
    listing.set_defaults(run=_rules)
    explain = actions.add_parser("explain", help="a rule with its examples")
    explain.add_argument("rule", metavar="RULE")
    explain.set_defaults(run=_explain)
    header = actions.add_parser("header", help="write our own interface as an annotated C header")
    header.set_defaults(run=_header)
    pages = actions.add_parser(
        "pages", help="bring the generated parts of docs/zircon into step with our interface"
    )
    pages.add_argument("--docs", type=Path, default=OUR_DOCS, metavar="DIR")
    pages.set_defaults(run=_pages)


def _add_check(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = actions.add_parser("check", help="check our own interface, or another")
    source = check.add_mutually_exclusive_group()
    source.add_argument("--header", type=Path, metavar="FILE", help="check a C header")
    source.add_argument("--abi", type=Path, metavar="JSON", help="check an interface in JSON")
    check.add_argument("--docs", type=Path, metavar="DIR", help="its documentation, judged as well")
    check.add_argument(
        "-D", dest="defines", action="append", default=[], metavar="NAME[=VALUE]",
        help="define a macro for the header",
    )  # fmt: skip
    check.add_argument(
        "-I", dest="include", action="append", type=Path, default=[], metavar="DIR",
        help="look there for what the header includes",
    )  # fmt: skip
    check.add_argument(
        "--option-set", action="append", default=[], metavar="PREFIX",
        help="constants with this prefix are flags (default: those of Zircon)",
    )  # fmt: skip
    check.add_argument("--exceptions", type=Path, metavar="TOML", help="known violations")
    check.add_argument(
        "--no-exceptions", action="store_true", help="show what the exception list hides"
    )
    check.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    check.add_argument("--json", action="store_const", const="json", dest="format")
    check.set_defaults(run=_check)


def check_ours() -> Result:
    """The result for our own interface, less its exceptions."""
    return check_interface(_ours(), read_exceptions())


def _ours() -> Interface:
    return our_interface(OUR_DOCS if OUR_DOCS.is_dir() else None)


def _check(arguments: argparse.Namespace) -> int:
    path = arguments.exceptions
    if path is None and arguments.header is None and arguments.abi is None:
        path = OUR_EXCEPTIONS
    exceptions = None
    if path is not None and not arguments.no_exceptions:
        exceptions = read_exceptions(path)
    result = check_interface(_interface(arguments), exceptions)
    sys.stdout.write(FORMATS[arguments.format](result))
    console = Console()
    if arguments.format == "text" and console.is_terminal:
        summary_table(result, console)
    return 0 if result.ok else 1


def _interface(arguments: argparse.Namespace) -> Interface:
    sets = tuple(arguments.option_set) or OPTION_SETS
    if arguments.header is not None:
        interface = read_header(arguments.header, sets, arguments.defines, arguments.include)
    elif arguments.defines or arguments.include:
        raise InputError("-D and -I belong to --header")
    elif arguments.abi is not None:
        interface = read_abi_file(arguments.abi, sets)
    else:
        interface = _ours()
    if not interface.calls:
        raise InputError("no function in it", where=str(arguments.header or arguments.abi))
    if arguments.docs is None:
        return interface
    if not arguments.docs.is_dir():
        raise InputError("not a folder", where=str(arguments.docs))
    return replace(interface, docs=arguments.docs)


def _rules(arguments: argparse.Namespace) -> int:
    for rule in RULES.values():
        sys.stdout.write(f"{rule.id} [{rule.severity}] {rule.statement}\n")
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    rule = RULES.get(arguments.rule)
    if rule is None:
        raise InputError(f"no rule {arguments.rule}; zxh rubric rules lists them")
    sys.stdout.write(f"{rule.id} [{rule.severity}] {rule.statement}\n{rule.fix}\n")
    for word, examples in (("good", rule.good), ("bad", rule.bad)):
        for example in examples:
            sys.stdout.write(f"  {word}: {example}\n")
    return 0


def _header(arguments: argparse.Namespace) -> int:
    sys.stdout.write(annotated_header(our_interface()))
    return 0


def _pages(arguments: argparse.Namespace) -> int:
    changed = write_pages(our_interface(), arguments.docs)
    sys.stdout.write(f"{changed} pages changed in {arguments.docs}\n")
    return 0

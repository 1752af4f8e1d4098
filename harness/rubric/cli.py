"""``zxh rubric``: apply the interface rubric to the system calls."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from harness.errors import InputError
from harness.rubric.check import Result, check_interface
from harness.rubric.exceptions import OUR_EXCEPTIONS, read_exceptions
from harness.rubric.rule import our_interface
from harness.rubric.rules import RULES


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "rubric", help="apply the interface rubric to the system calls", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="check our own interface")
    check.add_argument("--json", action="store_true", help="write the result as JSON")
    check.add_argument(
        "--exceptions", type=Path, default=OUR_EXCEPTIONS, metavar="TOML", help="known violations"
    )
    check.add_argument(
        "--no-exceptions", action="store_true", help="show what the exception list hides"
    )
    check.set_defaults(run=_check)
    listing = actions.add_parser("rules", help="list the rules")
    listing.set_defaults(run=_rules)
    explain = actions.add_parser("explain", help="a rule with its examples")
    explain.add_argument("rule", metavar="RULE")
    explain.set_defaults(run=_explain)


def check_ours() -> Result:
    """The result for our own interface, less its exceptions."""
    return check_interface(our_interface(), read_exceptions())


def _check(arguments: argparse.Namespace) -> int:
    exceptions = None if arguments.no_exceptions else read_exceptions(arguments.exceptions)
    result = check_interface(our_interface(), exceptions)
    if arguments.json:
        sys.stdout.write(json.dumps(result.as_json(), indent=1) + "\n")
        return 0 if result.ok else 1
    for finding in result.findings:
        place = (
            f"{finding.function}({finding.parameter})" if finding.parameter else finding.function
        )
        sys.stdout.write(f"{finding.rule} {place}: {finding.message}\n")
    for rule, function in result.stale:
        sys.stdout.write(f"{rule} {function}: stale exception, nothing violates the rule there\n")
    sys.stdout.write(f"rubric: {result.verdict}\n")
    return 0 if result.ok else 1


def _rules(arguments: argparse.Namespace) -> int:
    for rule in RULES.values():
        sys.stdout.write(f"{rule.id} [{rule.severity}] {rule.statement}\n")
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    rule = RULES.get(arguments.rule)
    if rule is None:
        raise InputError(f"no rule {arguments.rule}; zxh rubric rules lists them")
    sys.stdout.write(f"{rule.id} [{rule.severity}] {rule.statement}\n")
    for word, examples in (("good", rule.good), ("bad", rule.bad)):
        for example in examples:
            sys.stdout.write(f"  {word}: {example}\n")
    return 0

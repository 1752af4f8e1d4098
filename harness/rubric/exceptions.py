"""Known violations of our own interface, each with its reason.

The file is TOML: one ``[[exception]]`` table with ``rule``, ``functions`` (or constants) and
``reason`` per group.  An entry that no finding needs any more is stale, and fails the check.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import InputError
from harness.rubric.rule import Finding

OUR_EXCEPTIONS: Final = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, slots=True)
class Exceptions:
    """Reasons by (rule, function)."""

    path: Path
    reasons: dict[tuple[str, str], str]

    def split(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[tuple[str, str]]]:
        """The findings that no exception covers, and the exceptions that cover none."""
        found = list(findings)
        keys = {(finding.rule, finding.function) for finding in found}
        new = [f for f in found if (f.rule, f.function) not in self.reasons]
        return new, [key for key in self.reasons if key not in keys]


def read_exceptions(path: Path = OUR_EXCEPTIONS) -> Exceptions:
    """Read an exception list; `InputError` names what is wrong."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", where=str(path)) from None
    reasons: dict[tuple[str, str], str] = {}
    entries = document.get("exception", [])
    if not isinstance(entries, list):
        raise InputError("exception is not a list of tables", where=str(path))
    for index, entry in enumerate(entries):
        where = f"{path}: exception {index}"
        rule, functions, reason = _fields(entry, where)
        for function in functions:
            if (rule, function) in reasons:
                raise InputError(f"{rule} {function} stands there twice", where=where)
            reasons[rule, function] = reason
    return Exceptions(path, reasons)


def _fields(entry: Any, where: str) -> tuple[str, list[str], str]:
    if not isinstance(entry, dict) or set(entry) != {"rule", "functions", "reason"}:
        raise InputError("wants rule, functions and reason", where=where)
    rule, functions, reason = entry["rule"], entry["functions"], entry["reason"]
    if not isinstance(rule, str) or not isinstance(reason, str) or not reason.strip():
        raise InputError("rule and reason are texts", where=where)
    if not isinstance(functions, list) or not all(isinstance(f, str) for f in functions):
        raise InputError("functions is a list of names", where=where)
    return rule, functions, reason

"""Differences that are known: a reviewed file, each entry with its reason and its end.

An entry is over when its day has come, or when its program does not show the difference any more:
either way the file has to be looked at again, and a campaign with such an entry fails.
"""

from __future__ import annotations

import datetime
import fnmatch
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.errors import InputError
from harness.fuzz.kind import Kind
from harness.fuzz.shrink import Judge
from harness.program.model import Program
from harness.program.parse import parse_json, parse_program, read_input

FILE: Final = Path(__file__).with_name("known-differences.toml")

_KEYS: Final = {"kind": str, "reason": str, "expires": datetime.date, "program": str}


@dataclass(frozen=True, slots=True)
class Known:
    """One difference that is not to be reported."""

    #: A shell pattern for kinds of divergence as they are reported.
    kind: str
    reason: str
    expires: datetime.date
    #: A program that shows it.
    program: Program

    def covers(self, kind: Kind) -> bool:
        """Whether a divergence is this one."""
        return fnmatch.fnmatchcase(str(kind), self.kind)


def read_known(path: Path, today: datetime.date) -> list[Known]:
    """The entries of a file; InputError if it is not well formed or an entry's day has come."""
    try:
        document = tomllib.loads(read_input(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", where=str(path)) from None
    entries = document.get("difference", [])
    if document.keys() - {"difference"} or type(entries) is not list:
        raise InputError("holds other things than [[difference]] entries", where=str(path))
    return [_entry(entry, f"{path}: difference {n}", today) for n, entry in enumerate(entries)]


def _entry(entry: Any, where: str, today: datetime.date) -> Known:
    if type(entry) is not dict or entry.keys() != _KEYS.keys():
        raise InputError(f"an entry has {', '.join(_KEYS)}, and nothing else", where=where)
    for key, form in _KEYS.items():
        if type(entry[key]) is not form or not entry[key]:
            raise InputError(f"{key} is no {form.__name__}", where=where)
    if entry["expires"] <= today:
        raise InputError(f"it expired on {entry['expires']}: look at it again", where=where)
    program = parse_program(parse_json(entry["program"].encode(), where), where)
    return Known(entry["kind"], entry["reason"], entry["expires"], program)


def stale(known: Sequence[Known], judge: Judge) -> list[Known]:
    """Entries whose programs do not show the difference any more."""
    seen = judge.look([one.program for one in known]) if known else []
    return [
        one
        for one, what in zip(known, seen, strict=True)
        if not any(one.covers(kind) for kind in what.kinds)
    ]

"""Cases: programs with the place they come from and, for vectors, the recorded result.

The built-in suite lies in ``harness/suite``: program files (``zx-program/1``) and, under
``vectors``, files of programs with the result a real kernel gave (``zx-vectors/1``).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.program.model import Program
from harness.program.normalise import Result
from harness.program.parse import parse_json, parse_list, parse_programs, read_input
from zxio_py import abi

SUITE = Path(__file__).resolve().parent / "suite"
VECTORS_FORMAT = "zx-vectors/1"


@dataclass(frozen=True, slots=True)
class Case:
    """One program of a run."""

    program: Program
    #: Where it comes from: "suite", "real", "derived" (vectors), or a file's name.
    origin: str
    #: The recorded result; None if there is none and the targets are held against each other.
    recorded: Result | None = None

    @property
    def family(self) -> str:
        """The object family it belongs to, for the report's rows."""
        return family(self.program.name)


def built_in() -> list[Case]:
    """The built-in suite: its own programs, then the recorded vectors."""
    cases = [
        Case(program, "suite")
        for path in sorted(SUITE.glob("*.json"))
        for program in parse_programs(read_input(path), path.name)
    ]
    for path in sorted((SUITE / "vectors").glob("*.json")):
        cases += read(path)
    return cases


def read(path: Path) -> list[Case]:
    """The cases of one file of programs or vectors; raises `InputError`."""
    data = read_input(path)
    if VECTORS_FORMAT.encode() not in data[:200]:
        return [Case(program, path.name) for program in parse_programs(data, str(path))]
    document = parse_json(data, str(path))
    entries = document.get("programs") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise InputError("a vector file has a list of programs", where=str(path))
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or not {"program", "result", "truth"} <= entry.keys():
            where = f"{path}: program {index}"
            raise InputError("a vector has a program, a result and a truth", where=where)
    programs = parse_list([entry["program"] for entry in entries], str(path))
    return [
        Case(program, str(entry["truth"]), _recorded(entry["result"]))
        for program, entry in zip(programs, entries, strict=True)
    ]


def select(cases: Iterable[Case], patterns: Sequence[str]) -> list[Case]:
    """The cases whose name or family matches one of the shell patterns; all if there are none."""
    if not patterns:
        return list(cases)
    return [
        case
        for case in cases
        if any(
            fnmatch.fnmatchcase(case.program.name, pattern) or case.family == pattern
            for pattern in patterns
        )
    ]


def family(name: str) -> str:
    """The object family a program's name begins with; those of time are one, "clock"."""
    first = name.partition("_")[0]
    return "clock" if first in _CLOCK_WORDS else first


_CLOCK_WORDS = frozenset(
    call.short_name.partition("_")[0] for call in abi.CALLS.values() if call.category == "time"
) - {"timer"}


def _recorded(result: Any) -> Result:
    return {key: value for key, value in result.items() if key != "console"}

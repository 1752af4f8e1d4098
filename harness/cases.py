"""Cases of a run: programs with the place they come from and, for vectors, the recorded result."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.program.model import Program
from harness.program.normalise import Result
from harness.program.parse import parse_programs, read_input
from harness.suite.load import VECTORS_FORMAT, SuiteProgram, load_suite, parse_vectors
from zxio_py import abi
from zxio_py.abi.model import Call


@dataclass(frozen=True, slots=True)
class Case:
    """One program of a run."""

    program: Program
    #: Where it comes from: "suite", "real", "derived" (vectors), or a file's name.
    origin: str
    #: The recorded result; None if there is none and the targets are held against each other.
    recorded: Result | None = None
    #: Why the recorded result holds.
    why: str = ""

    @property
    def family(self) -> str:
        """The object family it belongs to, for the report's rows."""
        return family(self.program)


def built_in() -> list[Case]:
    """The built-in suite: its own programs, then the recorded vectors."""
    return [_case(program, "suite") for program in load_suite()]


def read(path: Path) -> list[Case]:
    """The cases of one file of programs or vectors; raises `InputError`."""
    data = read_input(path)
    if VECTORS_FORMAT.encode() in data[:200]:
        return [_case(vector, path.name) for vector in parse_vectors(data, str(path), path.stem)]
    return [Case(program, path.name) for program in parse_programs(data, str(path))]


def _case(found: SuiteProgram, origin: str) -> Case:
    expected = found.expected
    if expected is not None:
        expected = {key: value for key, value in expected.items() if key != "console"}
    return Case(found.program, found.truth or origin, expected, found.why)


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


def family(program: Program) -> str:
    """The object family a program is about.

    It is the first word of its name that calls begin with, else that of its first call.  What is
    about nothing but its own memory belongs to "process".
    """
    words = program.name.split("_")
    words += [_noun(step.call) for step in program.steps if not step.call.startswith("$")]
    return next((_FAMILIES[word] for word in words if word in _FAMILIES), "process")


def family_of_call(name: str) -> str:
    """The object family of a function."""
    return _FAMILIES.get(_noun(name), "zxio")


def _noun(function: str) -> str:
    """What a function is about, by its name: "channel" of zx_channel_write, "zxio" of zxio_read."""
    return function.removeprefix("zx_").partition("_")[0]


def _family_of(call: Call) -> str:
    """The noun of a call; calls of time and of the system that have no object share one each."""
    noun = _noun(call.name)
    return noun if noun == "timer" else _SHARED.get(call.category, noun)


#: Families of calls without an object, by category.
_SHARED = {"time": "clock", "system": "system"}

#: Families by the words that stand for them.
_FAMILIES = {"zxio": "zxio"} | {_noun(c.name): _family_of(c) for c in abi.CALLS.values()}

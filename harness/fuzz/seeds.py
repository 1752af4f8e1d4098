"""What generation begins with: the built-in suite, recorded programs, files of the user's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from harness.fuzz.determined import usable
from harness.fuzz.library import Library, Seed
from harness.fuzz.program import Entry
from harness.program.dump import dump_program
from harness.program.model import Program
from harness.program.parse import read_programs
from harness.suite.load import load_suite


def seeds(files: Iterable[Path] = ()) -> Library:
    """All of them, without programs for one architecture and those whose outcome takes time.

    Raises `InputError` for the files.
    """
    given = _entries([program for path in files for program in read_programs(path)])
    return Library(Seed(entry) for entry in (*_built_in(), *given))


@cache
def _built_in() -> tuple[Entry, ...]:
    return _entries([one.program for one in load_suite()])


def _entries(programs: Sequence[Program]) -> tuple[Entry, ...]:
    entries = (dump_program(program) for program in programs if not program.arch)
    return tuple(entry for entry in entries if usable(entry))

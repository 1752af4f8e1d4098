"""Reading the built-in suite."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal

from harness.errors import InputError
from harness.program.model import Program
from harness.program.normalise import Result
from harness.program.parse import parse_json, parse_list, parse_programs

VECTORS_FORMAT: Final = "zx-vectors/1"

Truth = Literal["real", "derived"]


@dataclass(frozen=True, slots=True)
class SuiteProgram:
    """A program of the suite and where it belongs."""

    program: Program
    #: File it is from, without its ending: the object family, or the vector file.
    family: str
    #: What it must give, if that was recorded.
    expected: Result | None = None
    #: Where the expected result comes from: a real kernel, or one and a documented change since.
    truth: Truth | None = None
    #: Why the expected result holds for this edition.
    why: str = ""

    @property
    def name(self) -> str:
        """The program's name; unique in the suite together with the family."""
        return self.program.name


def load_suite(vectors: bool = True) -> list[SuiteProgram]:
    """Every program of the suite: our own by family, then the recorded ones."""
    result = [
        SuiteProgram(program, family)
        for family, file in _json_files(files(__package__))
        for program in parse_programs(file.read_bytes(), file.name)
    ]
    return result + load_vectors() if vectors else result


def load_vectors() -> list[SuiteProgram]:
    """The recorded programs with their results."""
    result: list[SuiteProgram] = []
    for family, file in _json_files(files(__package__) / "vectors"):
        result += parse_vectors(file.read_bytes(), file.name, family)
    return result


def parse_vectors(data: bytes, source: str, family: str) -> list[SuiteProgram]:
    """Programs and results of a vector file's contents; `InputError` if it is not one."""
    document = parse_json(data, source)
    if type(document) is not dict or document.get("format") != VECTORS_FORMAT:
        raise InputError(f'not a vector file ("format" is not "{VECTORS_FORMAT}")', where=source)
    entries = document.get("programs")
    if type(entries) is not list:
        raise InputError("no list of programs", where=source)
    for index, entry in enumerate(entries):
        if type(entry) is not dict or type(entry.get("result")) is not dict:
            raise InputError("no program with its result", where=f"{source}: entry {index}")
    programs = parse_list([entry.get("program") for entry in entries], source)
    return [
        SuiteProgram(program, family, entry["result"], entry.get("truth"), entry.get("why", ""))
        for program, entry in zip(programs, entries, strict=True)
    ]


def _json_files(folder: Traversable) -> list[tuple[str, Any]]:
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".json")]
    return sorted((entry.name.removesuffix(".json"), entry) for entry in found)

"""Seeded faults: the host emulation made wrong on purpose, to measure what finding can find.

A fault is data (``faults.toml``): a module and a piece of its source that becomes another.  The
functions in which the piece stands get new code in place, so whoever holds one calls the faulty
one; nothing is imported anew, and taking the fault out leaves everything as it was.
"""

from __future__ import annotations

import importlib
import inspect
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Final

from harness.errors import InputError

FILE: Final = Path(__file__).with_name("faults.toml")


@dataclass(frozen=True, slots=True)
class SeededFault:
    """One mistake as programmers make them."""

    name: str
    module: str
    #: A piece of the module's source that stands there once, and what stands there instead.
    old: str
    new: str


def seeded_faults() -> list[SeededFault]:
    """All of them, in the order of the file."""
    return [SeededFault(**entry) for entry in tomllib.loads(FILE.read_text())["fault"]]


@contextmanager
def seeded(fault: SeededFault) -> Iterator[None]:
    """The emulation with *fault* in it, until the end of the ``with``.

    InputError if the piece of source does not stand where the fault says, or is in no function.
    """
    module = importlib.import_module(fault.module)
    there = list(_functions(vars(module)))
    changed = _changed(fault, module)
    functions = [(f, old, new) for old, new in changed for f in there if f.__code__ == old]
    if not functions:
        raise InputError("is in no function that is in use", where=f"fault {fault.name}")
    try:
        for function, _, new in functions:
            function.__code__ = new
        yield
    finally:
        for function, old, _ in functions:
            function.__code__ = old


def _changed(fault: SeededFault, module: ModuleType) -> list[tuple[CodeType, CodeType]]:
    """Code of the module's functions before and with the fault, where they differ."""
    source = inspect.getsource(module)
    if source.count(fault.old) != 1:
        problem = f"its piece of source stands {source.count(fault.old)} times in {fault.module}"
        raise InputError(problem, where=f"fault {fault.name}")
    name = str(module.__file__)
    faulty = source.replace(fault.old, fault.new)
    before, after = (
        _codes(compile(text, name, "exec", dont_inherit=True)) for text in (source, faulty)
    )
    return [(before[n], after[n]) for n in before if n in after and before[n] != after[n]]


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """Code of all functions in *code*, by qualified name and by which one of that name it is."""
    found: dict[tuple[str, int], CodeType] = {}
    pending = [code]
    while pending:
        inner = [c for c in pending.pop().co_consts if isinstance(c, CodeType)]
        pending += inner
        for one in inner:
            number = sum(name == one.co_qualname for name, _ in found)
            found[one.co_qualname, number] = one
    return found


def _functions(names: Mapping[str, object]) -> Iterator[FunctionType]:
    """The functions of a module or class and of the classes in it."""
    for value in names.values():
        if isinstance(value, property):
            value = value.fget
        elif isinstance(value, classmethod | staticmethod):
            value = value.__func__
        if isinstance(value, FunctionType):
            yield value
        elif isinstance(value, type) and value.__module__ == names.get("__name__"):
            yield from _functions({**vars(value), "__name__": value.__module__})

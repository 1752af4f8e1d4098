"""A step on its way from late 2022 to another edition, and the small rules that change it.

A rule is a function of a `Draft`; `shapes` lists per call which rules apply.  Argument numbers in
rules are those of late 2022; the edition's order is made last.  What a rule changes that shows in
the result it undoes by a `Restore` (`harness.edition.restore`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeAlias

from harness.edition.objects import Objects, declared
from harness.edition.restore import Restore, WideCount
from harness.program.model import (
    UNTOUCHED,
    Arg,
    Buffer,
    BufferRef,
    Bytes,
    Deadline,
    HandleValue,
    Number,
    Step,
)
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2022, Edition

MASK64: Final = (1 << 64) - 1
ZERO: Final = Number(0, 0)


class CannotRewriteError(Exception):
    """The step cannot be said in the edition; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """An out buffer that the edition wants and late 2022 does not have."""

    name: str
    size: int


#: Where an argument of the edition's call comes from: an argument of late 2022 by its number, a
#: number, or a buffer of its own.
Source: TypeAlias = int | Number | Scratch


@dataclass(slots=True)
class Draft:
    """One step while it is rewritten."""

    step: Step
    edition: Edition
    objects: Objects
    #: Arguments in the order of late 2022, one per parameter at least.
    args: list[Arg]
    call: str
    #: The edition's arguments, once a rule has said that they are others.
    order: tuple[Source, ...] | None = None
    restores: list[Restore] = field(default_factory=list)
    #: Given slots that the edition needs and the program does not mention.
    needs: set[str] = field(default_factory=set)
    #: The program's waits on jobs by a port: key and signals there -> signals in late 2022.
    job_waits: dict[tuple[int, int], int] = field(default_factory=dict)

    def arg(self, index: int) -> Arg:
        """Argument *index* of late 2022; missing ones are 0."""
        return self.args[index] if index < len(self.args) else ZERO

    def set(self, index: int, arg: Arg) -> None:
        """Replace argument *index*."""
        while len(self.args) <= index:
            self.args.append(ZERO)
        self.args[index] = arg

    def literal(self, index: int) -> Number | None:
        """Argument *index* if it is a literal number."""
        arg = self.arg(index)
        return declared(self.step, index, arg) if isinstance(arg, Number) else None

    def number(self, index: int, what: str) -> Number:
        """The same, where nothing else can be rewritten."""
        found = self.literal(index)
        if found is None:
            refuse(f"{self.step.call}: {what} is known at run time only")
        return found

    def slot(self, index: int) -> str | None:
        """The slot whose handle argument *index* is; None for other values."""
        arg = self.arg(index)
        return arg.slot if isinstance(arg, HandleValue) and not arg.xor else None

    def each(self, index: int, change: Callable[[int], int]) -> None:
        """Change a literal number, on every architecture."""
        found = self.literal(index)
        if found is not None:
            self.set(index, Number(change(found.x86_64), change(found.arm64)))


Rule: TypeAlias = Callable[[Draft], None]


def refuse(reason: str) -> NoReturn:
    """The step cannot be rewritten."""
    raise CannotRewriteError(reason)


def values(number: Number) -> tuple[int, int]:
    """A literal's values, by architecture."""
    return number.x86_64, number.arm64


# ---- rules that many calls share -----------------------------------------------------------


def absent(reason: str) -> Rule:
    """The edition has nothing like this call."""

    def rule(draft: Draft) -> None:
        refuse(f"{draft.step.call}: {reason}")

    return rule


def zero(index: int, what: str) -> Rule:
    """The argument, which the edition does not have, must be 0 or an invalid handle."""

    def rule(draft: Draft) -> None:
        arg = draft.arg(index)
        if arg not in (ZERO, HandleValue("$zero")):
            refuse(f"{draft.step.call}: {what}")

    return rule


def time(index: int) -> Rule:
    """A time: infinite is another number there, and there is none before boot.

    A time that is over is 0.  Without this a deadline before boot would be one after 584 years.
    """

    def over(value: int) -> int:
        if value == abi.CONSTANTS["ZX_TIME_INFINITE"]:
            return MASK64
        return 0 if value >> 63 else value

    def rule(draft: Draft) -> None:
        arg = draft.arg(index)
        if isinstance(arg, Deadline) and arg.ns < 0:
            draft.set(index, ZERO)
        draft.each(index, over)

    return rule


def narrow(index: int) -> Rule:
    """A size that the edition takes in 32 bits: what does not fit stays too large."""

    def rule(draft: Draft) -> None:
        draft.each(index, lambda value: min(value, 0xFFFFFFFF))

    return rule


def rights(index: int) -> Rule:
    """A set of rights: those that the edition does not have cannot be asked for.

    Asking for a right that objects of the type have in no edition is wrong in both.
    """

    def rule(draft: Draft) -> None:
        kind = draft.objects.type_of(draft.slot(0))
        old = draft.edition.constant("ZX_RIGHTS_ALL")
        lost = sum(bit for bit, _ in abi.RIGHT_BITS) & ~old
        if kind is not None:
            lost &= EDITION_2022.default_rights(kind) | (
                abi.CONSTANTS["ZX_RIGHT_RESIZE"] if kind == "VMO" else 0
            )
        draft.each(index, lambda value: value & ~lost)

    return rule


def options(
    index: int, *, drop: int = 0, refused: Mapping[int, str] | None = None, known: int = 0
) -> Rule:
    """An options word of late 2022.

    Bits in *drop* say what the edition does anyway.  Bits in *refused* ask for what it does not
    have, unless another bit, outside *known*, makes the word invalid in both.
    """
    refused = refused or {}

    def rule(draft: Draft) -> None:
        number = draft.literal(index)
        if number is None:
            return
        for value in values(number):
            if not value & 0xFFFFFFFF & ~known:
                for bits, what in refused.items():
                    if value & bits:
                        refuse(f"{draft.step.call}: {what}")
        draft.each(index, lambda value: value if value & 0xFFFFFFFF & ~known else value & ~drop)

    return rule


def not_values(index: int, refused: Mapping[int, str]) -> Rule:
    """A number of late 2022 that the edition does not have, or uses for something else."""

    def rule(draft: Draft) -> None:
        number = draft.literal(index)
        for value in values(number) if number else ():
            if value & 0xFFFFFFFF in refused:
                refuse(f"{draft.step.call}: {refused[value & 0xFFFFFFFF]}")

    return rule


def wide_count(index: int) -> Rule:
    """An out count of 8 bytes, of which the edition writes 4.

    Where the buffer is new, its upper half is zero beforehand, for steps that read it later.
    """

    def rule(draft: Draft) -> None:
        arg = draft.arg(index)
        if isinstance(arg, Buffer):
            if not arg.items and arg.size >= 8 and arg.name is not None:
                fill = bytes((UNTOUCHED,)) * 4 + bytes(4)
                draft.set(index, dataclasses.replace(arg, items=(Bytes(fill, fill),)))
            if arg.reported:
                draft.restores.append(WideCount(index, 0))
        elif isinstance(arg, BufferRef) and arg.reported:
            draft.restores.append(WideCount(index, arg.add))

    return rule


def then(*undo: Restore) -> Rule:
    """What is undone in the result whatever the arguments are."""

    def rule(draft: Draft) -> None:
        draft.restores.extend(undo)

    return rule


def chain(rules: Iterable[Rule]) -> Rule:
    """Several rules, one after the other."""
    every = tuple(rules)

    def rule(draft: Draft) -> None:
        for one in every:
            one(draft)

    return rule

"""A step that two results tell differently, as the conditions of known differences look at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.compare import Difference
from harness.edition.objects import Objects, declared, handles_in
from harness.program.model import (
    UNTOUCHED,
    Arg,
    Buffer,
    BufferRef,
    HandleValue,
    Number,
    OutHandles,
    Pointer,
    Program,
    Step,
    StoredValue,
)
from harness.program.normalise import Result

_NOTHING: Final = Number(0, 0)
_UNTOUCHED: Final = f"{UNTOUCHED:02x}"


@dataclass(frozen=True, slots=True)
class Reported:
    """A buffer as two results report it; offsets count from the address that the step was given."""

    left: Sequence[str]
    right: Sequence[str]
    #: Where in the buffer that address is.
    start: int

    def changed(self) -> Iterator[int]:
        """Offsets of the bytes that differ."""
        for at, (left, right) in enumerate(zip(self.left, self.right, strict=True)):
            if left != right:
                yield at - self.start

    def words(self, offset: int) -> tuple[int, int] | None:
        """The u32 at *offset* in both; None unless both are there, written, in plain hex."""
        at = self.start + offset
        left, right = _word(self.left, at), _word(self.right, at)
        return None if left is None or right is None else (left, right)


@dataclass(slots=True)
class StepView:
    """One step of a program in both results."""

    program: Program
    step: Step
    #: Its number in its thread, None for the main thread.
    number: int
    thread: str | None
    expected: Result
    actual: Result
    objects: Objects
    #: Named buffers as the last step that made them wrote them.
    buffers: Mapping[str, Buffer]
    #: Rights of the handle last stored to a slot, in 2022 and in the edition.
    rights: Mapping[str, tuple[str, str]]
    differences: list[Difference] = field(default_factory=list)
    #: Slots that are valid in one result only, and were not so before.
    fresh: frozenset[str] = frozenset()

    def arg(self, index: int) -> Arg:
        """Argument *index*; 0 if it is missing."""
        return self.step.args[index] if index < len(self.step.args) else _NOTHING

    def number_of(self, index: int) -> int | None:
        """The literal number that argument *index* is; None for anything else."""
        arg = self.arg(index)
        return declared(self.step, index, arg).x86_64 if isinstance(arg, Number) else None

    def lacks(self, index: int, right: str, *, edition: bool) -> bool:
        """Whether argument *index* is a handle known to lack *right*: in 2022, or there."""
        arg = self.arg(index)
        held = self.rights.get(arg.slot) if isinstance(arg, HandleValue) else None
        return held is not None and right not in held[edition].split("|")

    def is_unset(self, index: int) -> bool:
        """Whether argument *index* is a slot that no step has stored a handle to so far."""
        arg = self.arg(index)
        return (
            isinstance(arg, HandleValue)
            and not arg.slot.startswith("$")
            and (arg.slot not in self.rights)
        )

    def type_of(self, index: int) -> str | None:
        """Type of the object whose handle argument *index* is, if the program's text tells."""
        arg = self.arg(index)
        return self.objects.type_of(arg.slot) if isinstance(arg, HandleValue) else None

    def is_bad_pointer(self, index: int) -> bool:
        """Whether argument *index* is an address that cannot be used, or null."""
        arg = self.arg(index)
        return isinstance(arg, Pointer) or arg == _NOTHING

    def reported(self, difference: Difference, index: int) -> Reported | None:
        """What is reported of argument *index*.

        None if the difference is about something else, or cannot be told byte by byte.
        """
        left, right = difference.left, difference.right
        told = difference.path.endswith(f".outs.{index}")
        if not told or not isinstance(left, str) or not isinstance(right, str):
            return None
        one, other = _plain_bytes(left), _plain_bytes(right)
        if one is None or other is None or len(one) != len(other):
            return None
        arg = self.arg(index)
        return Reported(one, other, arg.add if isinstance(arg, BufferRef) else 0)

    def status(self) -> tuple[str, str]:
        """Names of the statuses: 2022, the edition; empty where there is none."""
        return self.expected.get("status_name", ""), self.actual.get("status_name", "")

    def succeeded(self) -> tuple[bool, bool]:
        """Whether the step did its work in each result; without a status it did."""
        return self.expected.get("status", 0) >= 0, self.actual.get("status", 0) >= 0

    def handles(self) -> Iterator[HandleValue]:
        """Handles that the step uses: arguments, and those in the buffers it refers to."""
        for arg in self.step.args:
            if isinstance(arg, HandleValue):
                yield arg
            elif isinstance(arg, Buffer | BufferRef):
                yield from handles_in(arg, self.buffers, set())

    def buffer_names(self) -> Iterator[str]:
        """Named buffers that the step refers to, directly or by another buffer."""
        for arg in self.step.args:
            if isinstance(arg, StoredValue):
                yield arg.buffer
            elif isinstance(arg, Buffer | BufferRef):
                name = arg.buffer if isinstance(arg, BufferRef) else arg.name
                if name is not None:
                    yield name
                seen: set[str] = set()
                for _ in handles_in(arg, self.buffers, seen):
                    pass
                yield from seen

    def listed(self) -> list[HandleValue]:
        """Handles that stand in buffers, not in arguments."""
        return [
            handle
            for arg in self.step.args
            if isinstance(arg, Buffer | BufferRef)
            for handle in handles_in(arg, self.buffers, set())
        ]

    def stored(self) -> Iterator[str]:
        """Slots that the step stores to."""
        for arg in self.step.args:
            if isinstance(arg, OutHandles):
                yield from arg.slots
            elif isinstance(arg, Buffer | BufferRef):
                yield from (slot for _, slot in arg.report.handles)


def valid_in_one(difference: Difference) -> frozenset[str]:
    """Slots that only one of two lists of valid handles names.

    What lies beyond the end of a long list (``+3``) is not told.
    """
    left, right = difference.left, difference.right
    if not isinstance(left, list) or not isinstance(right, list):
        return frozenset()
    return frozenset(slot for slot in set(left) ^ set(right) if not slot.startswith("+"))


def _word(pieces: Sequence[str], at: int) -> int | None:
    digits = "".join(pieces[at : at + 4])
    if at < 0 or len(digits) != 8 or digits == 4 * _UNTOUCHED:
        return None
    try:
        return int.from_bytes(bytes.fromhex(digits), "little")
    except ValueError:
        return None


def _plain_bytes(text: str) -> list[str] | None:
    """One piece per byte: hex digits, ``??``, or a koid's name for the first of its eight."""
    if "..." in text:  # cut: the rest is known by its hash only
        return None
    pieces: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "<":
            end = text.index(">", at)
            pieces += [text[at : end + 1], *[""] * 7]
            at = end + 1
        elif text[at] == ".":
            pieces += [_UNTOUCHED] * int(text[at + 1 :])
            at = len(text)
        else:
            pieces.append(text[at : at + 2])
            at += 2
    return pieces

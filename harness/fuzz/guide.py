"""What programs reach: a program that reaches something new is worth changing further."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.program.model import Program, Step
from harness.program.observation import ProgramObservation, StepObservation

#: A call with what it returned and the signals it saw.
Reached = tuple[str | int, ...]

#: Which argument holds the signals that were seen, by call.
_SIGNALS: Final = {"zx_object_wait_one": 3}
_MASK: Final = 0xFFFFFFFF


class Guide:
    """Everything that was reached so far."""

    def __init__(self) -> None:
        self.reached: set[Reached] = set()

    def is_new(self, program: Program, seen: ProgramObservation) -> bool:
        """Whether *program* reaches something for the first time; it is remembered."""
        before = len(self.reached)
        self.reached.update(_reached(program, seen))
        return len(self.reached) > before


def _reached(program: Program, seen: ProgramObservation) -> Iterator[Reached]:
    for step, what in zip(program.steps, seen.steps, strict=False):
        if step.is_pseudo:
            continue
        yield step.call, _outcome(step, what), _signals(step, what)
    yield "end", seen.ending, 0


def _outcome(step: Step, what: StepObservation) -> int:
    """A status as it is; of other values only whether there is one."""
    return what.ret & _MASK if step.ret == "status" else int(what.ret != 0)


def _signals(step: Step, what: StepObservation) -> int:
    captured = what.outs.get(_SIGNALS.get(step.call, -1))
    return int.from_bytes(captured.data[:4], "little") if captured is not None else 0

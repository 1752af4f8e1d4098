"""What makes two divergences the same one.

A program that is made smaller must go on showing what it was kept for, and a campaign reports each
trouble once.  So a divergence is known by the function at whose step the results first part, by
what parts there, and, where that has few values, by both of them; not by names of slots, numbers
of steps or contents of buffers, which a smaller program changes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.compare import Difference
from harness.program.normalise import Result
from harness.run import Outcome, Verdict

#: Outcomes that are worth a program of their own.
TROUBLES: Final[frozenset[Outcome]] = frozenset({"diverge", "lost"})

_STEP: Final = re.compile(r"(?:steps|threads\.(?P<thread>.+))\[(?P<number>\d+)\]\.(?P<rest>.+)")
#: Parts of a step of which both values belong to the kind; of the rest only that they differ.
_VALUED: Final = ("status", "fault", "error", "elapsed_at_least_min")
_NUMBERS: Final = re.compile(r"0x[0-9a-f]+|\d+")


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of divergence."""

    target: str
    outcome: Outcome
    #: The function at whose step it first shows; empty if at none.
    call: str
    #: What differs there: "status", "outs.2", "handles.rights", "live", "error" ...
    what: str
    #: Both values where they are few.
    values: tuple[str, ...] = ()

    @property
    def anywhere(self) -> Kind:
        """The same on whatever target: a fault of the reference shows on all the others."""
        return dataclasses.replace(self, target="")

    def __str__(self) -> str:
        parts = [self.call, self.what, " / ".join(self.values)]
        return f"{self.outcome}: " + " ".join(part for part in parts if part)


def kinds(verdicts: Iterable[Verdict]) -> dict[Kind, Verdict]:
    """What is wrong in the verdicts of one program: one kind for each target in trouble."""
    return {kind_of(v): v for v in verdicts if v.outcome in TROUBLES}


def kind_of(verdict: Verdict) -> Kind:
    """The kind of a divergence, or of a machine lost."""
    if not verdict.differences:
        return Kind(verdict.target, verdict.outcome, "", _NUMBERS.sub("N", verdict.reason))
    return _kind(verdict.target, verdict.outcome, verdict.differences[0], verdict.result or {})


def _kind(target: str, outcome: Outcome, first: Difference, result: Result) -> Kind:
    found = _STEP.fullmatch(first.path)
    if found is None:
        what = first.path.partition(".")[0]
        values: tuple[str, ...] = (_value(first.left), _value(first.right))
        if first.left is None and first.right is None:  # left behind: the counts are in the text
            values = (_NUMBERS.sub("N", first.reason),)
        return Kind(target, outcome, "", what, values if what == "error" else ())
    call = _call(result, found["thread"], int(found["number"]))
    parts = found["rest"].split(".")
    if parts[0] == "handles":  # the slot's name goes
        return Kind(target, outcome, call, ".".join((parts[0], *parts[2:])))
    if parts[0] in _VALUED:
        values = (_value(first.left), _value(first.right))
        return Kind(target, outcome, call, parts[0], values)
    return Kind(target, outcome, call, found["rest"])


def _call(result: Mapping[str, Any], thread: str | None, number: int) -> str:
    """The call of a step that the target's result reached; empty if it did not."""
    steps = result.get("threads", {}).get(thread, []) if thread else result.get("steps", [])
    return str(steps[number]["call"]) if number < len(steps) else ""


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)

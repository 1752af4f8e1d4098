"""How much of what is wrong does a campaign find?  Measured with faults put in on purpose."""

from __future__ import annotations

import datetime
import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from harness.fuzz.after import Found
from harness.fuzz.campaign import Campaign, Limits
from harness.fuzz.faults import SeededFault, seeded, seeded_faults
from harness.fuzz.generate import Generator
from harness.fuzz.kind import Kind
from harness.fuzz.known import Known
from harness.fuzz.shrink import Judge
from harness.run import Runner

#: Seconds for making a program small here, where only that it diverges counts.
_SHRINKING: Final = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What a campaign made of one fault."""

    fault: SeededFault
    #: The divergence that gave it away; None if nothing did.
    kind: Kind | None
    seconds: float
    seeds: int
    programs: int

    @property
    def found(self) -> bool:
        """Whether it was found."""
        return self.kind is not None


def measure(
    runner: Runner,
    generator: Callable[[], Generator],
    limits: Limits,
    with_seeds: bool = True,
    faults: Sequence[SeededFault] | None = None,
) -> Iterator[Measured]:
    """Run a campaign with each fault (default: all), every time with a new *generator*.

    *with_seeds*: the seeds as they are belong to it.

    A fault counts as found by a program that diverges every time with it, and agrees without.
    """
    for fault in seeded_faults() if faults is None else faults:
        yield _measure(runner, generator, limits, with_seeds, fault)


def _measure(
    runner: Runner,
    generator: Callable[[], Generator],
    limits: Limits,
    with_seeds: bool,
    fault: SeededFault,
) -> Measured:
    once = Limits(limits.seconds, limits.programs, found=1)
    ignored: list[Known] = []
    while True:
        shown: list[Found] = []
        campaign = Campaign(
            runner,
            generator(),
            None,
            once,
            known=ignored,
            shrinking=_SHRINKING,
            with_seeds=with_seeds,
        )
        with seeded(fault):
            tally = campaign.run(shown.append)
        runner.reset()  # objects that a fault has left behind
        steady = [one for one in shown if one.shrunk is not None and not one.shrunk.flaky]
        found = _of_the_fault(runner, steady)
        others = [_without_the_fault(one) for one in steady if one is not found]
        if found is not None or not others:
            kind = found.kind if found is not None else None
            return Measured(fault, kind, tally.seconds, tally.seeds, tally.programs)
        ignored += others


def _of_the_fault(runner: Runner, steady: Sequence[Found]) -> Found | None:
    """The first divergence that is not there without the fault."""
    programs = [one.shrunk.program for one in steady if one.shrunk is not None]
    seen = Judge(runner).look(programs)
    return next((one for one, what in zip(steady, seen, strict=True) if not what.kinds), None)


def _without_the_fault(found: Found) -> Known:
    """A divergence that has nothing to do with the fault, as one that is known."""
    kind, program = glob.escape(str(found.kind)), found.verdict.case.program
    return Known(kind, "is there without the fault", datetime.date.max, program)

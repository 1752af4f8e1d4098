"""How much of what is wrong does a campaign find?  Measured with faults put in on purpose."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.fuzz.after import Found
from harness.fuzz.campaign import Campaign, Limits
from harness.fuzz.faults import SeededFault, seeded, seeded_faults
from harness.fuzz.generate import Generator
from harness.fuzz.kind import Kind
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
    programs: int

    @property
    def found(self) -> bool:
        """Whether it was found."""
        return self.kind is not None


def measure(
    runner: Runner,
    generator: Callable[[], Generator],
    limits: Limits,
    faults: Sequence[SeededFault] | None = None,
) -> Iterator[Measured]:
    """Run a campaign with each fault (default: all), every time with a new *generator*.

    A fault counts as found by a program that diverges every time with it, and agrees without.
    """
    for fault in seeded_faults() if faults is None else faults:
        yield _measure(runner, generator(), limits, fault)


def _measure(runner: Runner, generator: Generator, limits: Limits, fault: SeededFault) -> Measured:
    shown: list[Found] = []
    once = Limits(limits.seconds, limits.programs, found=1)
    with tempfile.TemporaryDirectory(prefix="zxh-fuzz-") as directory:
        campaign = Campaign(runner, generator, Path(directory), once, shrinking=_SHRINKING)
        with seeded(fault):
            tally = campaign.run(shown.append)
        runner.reset()  # objects that a fault has left behind
        judge = Judge(runner)
        for found in shown:
            steady = found.shrunk is not None and not found.shrunk.flaky
            if steady and found.shrunk and not judge.look([found.shrunk.program])[0].kinds:
                return Measured(fault, found.kind, tally.seconds, tally.programs)
    return Measured(fault, None, tally.seconds, tally.programs)

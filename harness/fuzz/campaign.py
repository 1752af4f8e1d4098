"""A campaign: programs made, run on all targets, what is wrong made small and written down.

The programs of a round are made while the machines run those before them.  What a round reaches
counts from the next one on, in the order of the programs, so that the programs do not depend on
how quick the machines are.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, overload

from harness.cases import Case
from harness.errors import MachineError
from harness.fuzz.after import Found, Shrinker
from harness.fuzz.generate import Generator
from harness.fuzz.guide import Guide
from harness.fuzz.kind import kinds
from harness.fuzz.known import Known
from harness.fuzz.program import Entry
from harness.fuzz.shrink import PATIENCE_NS
from harness.run import Run, Runner, Verdict

#: Programs of a round.
ROUND: Final = 512
#: Seconds in which one divergence is made small.
SHRINKING: Final = 20.0

_ORIGIN: Final = "fuzz"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a campaign ends: at whichever comes first."""

    seconds: float = float("inf")
    programs: int | None = None
    #: Sorts of steady divergence.
    found: int | None = None


@dataclass(slots=True)
class Tally:
    """What a campaign has done so far."""

    #: Seeds that were run as they are, and programs that were made.
    seeds: int = 0
    programs: int = 0
    calls: int = 0
    #: Programs that joined the seeds.
    joined: int = 0
    reached: int = 0
    seconds: float = 0.0
    #: Seconds that went into making divergences small.
    shrinking: float = 0.0
    #: Sorts of divergence: steady ones, and those that come and go.
    found: int = 0
    flaky: int = 0
    #: Divergences that are known, by reason.
    known: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    stopped: str = ""
    interrupted: bool = False

    @property
    def exit_status(self) -> int:
        """0 nothing found, 1 a divergence, 3 a machine could not be kept alive."""
        if self.interrupted:
            return 130
        if self.stopped or self.lost:
            return 3
        return 1 if self.found else 0


class Round(Sequence[Case]):
    """Programs that are made when they are asked for; none after *end* (`time.monotonic`)."""

    def __init__(self, generator: Generator, first: int, count: int, end: float) -> None:
        self._generator = generator
        self._first = first
        self._count = count
        self._end = end
        self.cases: list[Case] = []
        self.entries: list[Entry] = []

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Case: ...
    @overload
    def __getitem__(self, index: slice) -> list[Case]: ...
    def __getitem__(self, index: int | slice) -> Case | list[Case]:
        if isinstance(index, int):
            self._make(index + 1)
        elif index.stop is not None:
            self._make(index.stop)
        return self.cases[index]

    def _make(self, wanted: int) -> None:
        wanted = min(wanted, self._count)
        while len(self.cases) < wanted and time.monotonic() < self._end:
            entry, program = self._generator.program(self._first + len(self.cases))
            self.entries.append(entry)
            self.cases.append(Case(program, _ORIGIN))


class Campaign:
    """Runs rounds until its limits."""

    def __init__(
        self,
        runner: Runner,
        generator: Generator,
        directory: Path | None,
        limits: Limits,
        seed: int = 0,
        known: Sequence[Known] = (),
        shrinking: float = SHRINKING,
        with_seeds: bool = True,
    ) -> None:
        """*directory* takes the files of divergences, *shrinking* is seconds for each.

        Without a directory nothing is written.
        *with_seeds*: the seeds are run as they are before programs are made of them.
        """
        self._with_seeds = with_seeds
        self._runner = runner
        self._generator = generator
        self._limits = limits
        self._known = known
        self._guide = Guide()
        self._shrinker = Shrinker(runner, directory, float("inf"), shrinking, seed)
        self._began = time.monotonic()
        self.tally = Tally()
        #: Programs that reached something new.
        self.corpus: list[Entry] = []

    def run(
        self, report: Callable[[Found], None], progress: Callable[[Tally], None] = lambda _: None
    ) -> Tally:
        """Go on until a limit; *report* gets each new sort of divergence when it is small."""
        tally = self.tally
        try:
            self._begin(report)
            while not self._over():
                self._round(report, progress)
        except KeyboardInterrupt:
            tally.interrupted = True
        except MachineError as error:
            tally.stopped = str(error)
        finally:
            self._runner.limit_time(PATIENCE_NS)
            tally.seconds = time.monotonic() - self._began
        return tally

    def _begin(self, report: Callable[[Found], None]) -> None:
        """Run the seeds as they are: new is what they do not reach."""
        seeds = self._generator.as_they_are() if self._with_seeds else []
        for start in range(0, len(seeds), ROUND):
            if self._over():
                break
            cases = [Case(program, _ORIGIN) for _, program in seeds[start : start + ROUND]]
            run = self._compare(cases)
            self.tally.seeds += len(cases)
            for case in cases:
                seen = self._runner.agreed(case)
                if seen is not None:
                    self._guide.is_new(case.program, seen)
            self._follow(run.verdicts, report)

    def _compare(
        self,
        cases: Sequence[Case],
        record: Callable[[list[list[Verdict]]], None] | None = None,
    ) -> Run:
        self._runner.limit_time(PATIENCE_NS)
        run = self._runner.compare(cases, record=record, confirm=False)
        if run.interrupted:
            raise KeyboardInterrupt
        if run.stopped:
            raise MachineError(run.stopped)
        self.tally.calls += max((target.calls for target in run.targets), default=0)
        return run

    def _over(self) -> bool:
        limits, tally = self._limits, self.tally
        return (
            time.monotonic() - self._began >= limits.seconds
            or (limits.programs is not None and tally.programs >= limits.programs)
            or (limits.found is not None and tally.found >= limits.found)
        )

    def _round(self, report: Callable[[Found], None], progress: Callable[[Tally], None]) -> None:
        limits, tally = self._limits, self.tally
        count = ROUND
        if limits.programs is not None:
            count = min(count, limits.programs - tally.programs)
        made = Round(self._generator, tally.programs, count, self._began + limits.seconds)
        run = self._compare(made, lambda rows: self._record(rows, progress))
        self._learn(made)
        self._follow(run.verdicts, report)
        tally.seconds = time.monotonic() - self._began
        progress(tally)

    def _record(self, rows: Sequence[Sequence[Verdict]], progress: Callable[[Tally], None]) -> None:
        self.tally.programs += len(rows)
        self.tally.seconds = time.monotonic() - self._began
        progress(self.tally)

    def _learn(self, made: Round) -> None:
        """Programs that reached something new are seeds of the next rounds."""
        for case, entry in zip(made.cases, made.entries, strict=True):
            seen = self._runner.agreed(case)
            if seen is not None and self._guide.is_new(case.program, seen):
                self.corpus.append(entry)
                self._generator.learn(entry)
        self.tally.joined = len(self.corpus)
        self.tally.reached = len(self._guide.reached)

    def _follow(self, rows: Iterable[Sequence[Verdict]], report: Callable[[Found], None]) -> None:
        """Make small what is new."""
        unknown = [row for row in rows if self._unknown(row)]
        if not unknown:
            return
        began = time.monotonic()
        for found in self._shrinker.found(unknown):
            steady = found.shrunk is not None and not found.shrunk.flaky
            if steady and self._covered(found):
                continue
            self.tally.found += steady
            self.tally.flaky += not steady
            self.tally.lost += steady and found.kind.outcome == "lost"
            report(found)
        self.tally.shrinking += time.monotonic() - began

    def _unknown(self, row: Sequence[Verdict]) -> bool:
        """Whether anything in the verdicts of one program is not known."""
        unknown = False
        for kind in kinds(row):
            one = next((known for known in self._known if known.covers(kind)), None)
            if one is None:
                unknown = True
            else:
                self.tally.known[one.reason] += 1
        return unknown

    def _covered(self, found: Found) -> bool:
        return any(known.covers(found.kind) for known in self._known)

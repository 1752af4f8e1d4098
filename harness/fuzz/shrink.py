"""Making a divergence small, on the machines.

A program is taken for smaller only if it shows the same kind of divergence again and again; what
comes and goes is called flaky and left as it is, since there is nothing to hold a smaller program
against.  At the end the result is confirmed on machines that were reset.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from harness.cases import Case
from harness.errors import MachineError
from harness.fuzz.kind import Kind, kinds
from harness.fuzz.program import Entry, checked
from harness.fuzz.reduce import PASSES, Pass
from harness.program.dump import dump_program
from harness.program.model import TIME_LIMIT_NS, Program
from harness.run import Runner, Verdict

#: Seconds after which the smallest program so far is what is reported.
SECONDS: Final = 60.0
#: Candidates that go to the machines at once; most are none, so they cost little beside the trip.
BATCH: Final = 16
#: How often a divergence must show, of as many runs, to count as one that always does.
REPEATS: Final = 5
#: How often a smaller program must show it before it is gone on from.
STEADY: Final = 3
#: Guest time that a candidate may take, nanoseconds: one that waits for nothing must not hold up
#: the rest for the whole of `TIME_LIMIT_NS`.
PATIENCE_NS: Final = 500_000_000

_ORIGIN: Final = "shrink"


@dataclass(slots=True)
class Shrunk:
    """What became of a divergence."""

    kind: Kind
    #: The smallest program that shows it; the one it was found with if it is flaky.
    program: Program
    #: How it shows there, on reset machines; None if it is flaky.
    verdict: Verdict | None
    #: All targets on which it shows.
    targets: tuple[str, ...] = ()
    #: In how many of `REPEATS` runs the first program showed it.
    shown: int = REPEATS
    #: Steps of the program it was found with, of main thread and helpers together.
    steps_before: int = 0
    candidates: int = 0
    seconds: float = 0.0
    #: Whether nothing smaller is left to try.
    minimal: bool = False

    @property
    def flaky(self) -> bool:
        """Whether it does not show every time."""
        return self.shown < REPEATS

    def summary(self) -> str:
        """One line for people."""
        if self.flaky:
            return f"flaky: run again it showed in {self.shown} of {REPEATS} runs"
        steps = len(self.program.all_steps())
        end = "" if self.minimal else ", not finished"
        return (
            f"{self.steps_before} steps -> {steps}, {self.candidates} programs tried in "
            f"{self.seconds:.1f} s{end}"
        )


class Seen(NamedTuple):
    """A program and what is wrong with it."""

    program: Program
    kinds: dict[Kind, Verdict]


class Judge:
    """Says what is wrong with programs, target against target."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def look(self, programs: Sequence[Program]) -> list[Seen]:
        """Run them; raises `MachineError` if that cannot go on."""
        cases = [Case(program, _ORIGIN) for program in programs]
        run = self._runner.compare(cases, confirm=False)
        if run.interrupted:
            raise KeyboardInterrupt
        if run.stopped:
            raise MachineError(run.stopped)
        return [Seen(p, kinds(row)) for p, row in zip(programs, run.verdicts, strict=True)]

    def count(self, program: Program, kind: Kind, times: int) -> int:
        """In how many of so many runs it shows *kind*."""
        return sum(kind in seen.kinds for seen in self.look([program] * times))

    def reset(self) -> None:
        """Bring every target back to its state after start."""
        self._runner.reset()

    def limit(self, limit_ns: int) -> None:
        """End programs that run longer."""
        self._runner.limit_time(limit_ns)


def shrink(runner: Runner, program: Program, kind: Kind, seconds: float = SECONDS) -> Shrunk:
    """The smallest program found in about so many seconds that shows *kind*."""
    judge = Judge(runner)
    began = time.monotonic()
    try:
        judge.reset()
        judge.limit(PATIENCE_NS)
        if not judge.count(program, kind, 1):
            judge.limit(TIME_LIMIT_NS)
        shown = judge.count(program, kind, REPEATS)
        result = Shrunk(kind, program, None, shown=shown, steps_before=len(program.all_steps()))
        if not result.flaky:
            _Shrinking(judge, result, began + seconds).run()
        result.seconds = time.monotonic() - began
        return result
    finally:
        judge.limit(TIME_LIMIT_NS)


@dataclass(slots=True)
class _Shrinking:
    """One divergence on its way down."""

    judge: Judge
    result: Shrunk
    #: `time.monotonic` at which to stop.
    end: float
    #: Programs that were gone on from, the first first.
    way: list[Program] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)

    def run(self) -> None:
        self.way.append(self.result.program)
        entry = dump_program(self.result.program)
        entry.pop("note", None)
        while True:
            before = entry
            for smaller in PASSES:
                entry = self._descend(entry, smaller)
            if entry is before or self._over():
                break
        self.result.minimal = not self._over()
        self._confirm()

    def _over(self) -> bool:
        return time.monotonic() >= self.end

    def _descend(self, entry: Entry, smaller: Pass) -> Entry:
        """Go on from every smaller program that shows it, each time where the last one was."""
        position = 0
        while True:
            found = self._first(entry, islice(smaller(entry), position, None), position)
            if found is None:
                return entry
            position, entry = found

    def _first(
        self, entry: Entry, candidates: Iterator[Entry], position: int
    ) -> tuple[int, Entry] | None:
        """The first candidate that shows it, with its position in the pass."""
        numbered = enumerate(candidates, position)
        while not self._over():
            batch = list(islice(self._worth_trying(entry, numbered), BATCH))
            if not batch:
                break
            self.result.candidates += len(batch)
            seen = self.judge.look([program for _, _, program in batch])
            for (number, candidate, program), what in zip(batch, seen, strict=True):
                if self.result.kind in what.kinds and self._steady(program):
                    self.way.append(program)
                    return number, candidate
        return None

    def _worth_trying(
        self, entry: Entry, numbered: Iterator[tuple[int, Entry]]
    ) -> Iterator[tuple[int, Entry, Program]]:
        """Candidates that are programs and were not tried before."""
        for number, candidate in numbered:
            key = repr(candidate)
            if candidate == entry or key in self.tried:
                continue
            self.tried.add(key)
            program = checked(candidate)
            if program is not None:
                yield number, candidate, program

    def _steady(self, program: Program) -> bool:
        kind = self.result.kind
        return self.judge.count(program, kind, STEADY - 1) == STEADY - 1

    def _confirm(self) -> None:
        """Take the smallest one that shows it on reset machines too."""
        for program in _ever_further(self.way):
            self.judge.reset()
            first, *others = self.judge.look([program] * REPEATS)
            kind = self.result.kind
            if kind in first.kinds and all(kind in seen.kinds for seen in others):
                self.result.program = program
                self.result.verdict = first.kinds[kind]
                alike = [other for other in first.kinds if other.anywhere == kind.anywhere]
                self.result.targets = tuple(other.target for other in alike)
                return
        self.result.shown = REPEATS - 1
        self.result.program = self.way[0]


def _ever_further(way: Sequence[Program]) -> Iterator[Program]:
    """The last one, then ones further and further back, the first at the end."""
    back = 1
    while back < len(way):
        yield way[-back]
        back *= 2
    yield way[0]


def distinct(rows: Iterable[Sequence[Verdict]]) -> dict[Kind, Verdict]:
    """Every kind of divergence once, with the shortest program that showed it."""
    found: dict[Kind, tuple[Kind, Verdict]] = {}
    for row in rows:
        for kind, verdict in kinds(row).items():
            other = found.get(kind.anywhere)
            if other is None or _size(verdict) < _size(other[1]):
                found[kind.anywhere] = (kind, verdict)
    return dict(found.values())


def _size(verdict: Verdict) -> int:
    return len(verdict.case.program.all_steps())

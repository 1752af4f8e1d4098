"""The main job: every program on every target, everything compared.

The targets work at the same time: while one chunk of programs is compared, the next is already
under way on all of them.  What diverges is run again, alone, on a reset machine before it is
called a divergence.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.cases import Case
from harness.compare import Difference, applies, differences, missing_functions
from harness.errors import MachineError
from harness.machine.machine import Failure
from harness.program.model import Program, Step
from harness.program.normalise import Result, normalise
from harness.program.observation import ProgramObservation
from harness.targets.base import Announced, Target, TimeLimited
from harness.targets.factory import Kernels, open_targets
from zxio_py.abi.editions import EDITION_2022, Edition

if TYPE_CHECKING:
    from harness.edition.differences import Verdict as Known

#: What a target's result on one program comes to.
#: "unstable": it diverged, but agreed when run again on a reset machine.
#: "known difference", "not rewritten": targets of another edition, see `harness.edition`.
#: "not emulatable": it came to machine code on a target that runs none.
Outcome = Literal[
    "agree",
    "known difference",
    "diverge",
    "unstable",
    "not implemented",
    "not emulatable",
    "not rewritten",
    "lost",
    "not compared",
    "not run",
]

#: Called with programs done, their total and the divergences so far.
Progress = Callable[[int, int, int], None]

#: Programs handed to every target at once, to begin with.
CHUNK = 64

#: At most so many while they are quick: programs take unequal time on the targets, and whoever is
#: done with a chunk waits for the others.
LARGEST_CHUNK = 256

#: Seconds of a chunk that takes little time, and of one that shows progress too seldom.
_QUICK, _SLOW = 0.2, 1.0

#: Cases of which it is remembered what agreed.
REMEMBERED = 4096


#: Objects made and not gone again until the garbage collector comes round.
_ALLOCATIONS = 100_000


def _no_progress(done: int, total: int, diverged: int) -> None:
    pass


@dataclass(slots=True)
class Verdict:
    """One program on one target."""

    case: Case
    target: str
    outcome: Outcome
    #: What the target's result is and what it was compared with, the recorded result or that of
    #: the first target; only where they are not the same.
    result: Result | None = None
    reference: Result | None = None
    #: Name of the reference in words: "recorded" or a target.
    reference_name: str = ""
    differences: Sequence[Difference] = ()
    #: Functions the target lacks.
    missing: frozenset[str] = frozenset()
    #: What is known of differences from a kernel of another edition.
    known: Known | None = None
    #: Why the target has no result, for "lost", "not rewritten" and "not emulatable", and its
    #: machine's failure if that was the reason.
    reason: str = ""
    failure: Failure | None = None

    @property
    def rows(self) -> tuple[str, ...]:
        """Rows of the edition's table that explain differences."""
        return self.known.rows if self.known is not None else ()


@dataclass(slots=True)
class TargetSummary:
    """What a target did over the whole run."""

    name: str
    #: Isolation of its programs, in words.
    tier: str
    programs: int = 0
    calls: int = 0
    #: Seconds the harness waited for it.
    waited: float = 0.0
    #: Machines lost, each followed by a new one.
    failures: list[Failure] = field(default_factory=list)
    resets: int = 0
    #: QEMU's command line; empty for the host.
    command: str = ""
    #: Resident memory of its QEMU at the end, bytes; 0 for the host.
    resident: int = 0


@dataclass(slots=True)
class Run:
    """Everything a run found out."""

    targets: list[TargetSummary]
    #: By case, then by target, in the order of both.
    verdicts: list[list[Verdict]]
    #: Time since the epoch at the start; seconds it took.
    started: float
    seconds: float = 0.0
    #: Seconds spent on normalising and comparing.
    compared: float = 0.0
    #: Why it ended early; empty if it did not.
    stopped: str = ""
    interrupted: bool = False

    def all(self) -> Iterator[Verdict]:
        """Every verdict."""
        for row in self.verdicts:
            yield from row

    def count(self, outcome: Outcome) -> int:
        """How many verdicts have this outcome."""
        return sum(verdict.outcome == outcome for verdict in self.all())

    @property
    def exit_status(self) -> int:
        """0 all agree, 1 a divergence, 3 a machine could not be started or kept alive."""
        if self.interrupted:
            return 130
        if self.stopped or self.count("lost"):
            return 3
        return 1 if self.count("diverge") else 0


def _next_size(size: int, seconds: float) -> int:
    """Programs of the chunk to come, after one of *size* that took so long."""
    if seconds < _QUICK:
        return min(2 * size, LARGEST_CHUNK)
    return max(size // 2, 1) if seconds > _SLOW else size


class Agreed(NamedTuple):
    """What was seen of a case and agreed with its reference."""

    case: Case
    observation: ProgramObservation | None
    calls: int


class Runner:
    """Runs cases on targets and compares."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        reset_each: bool = False,
        kernels: Kernels | None = None,
    ) -> None:
        """Start the targets at once; *reset_each* resets the machine before every program.

        *kernels* are those that the user brings.
        """
        self._stack = ExitStack()
        self._progress: Progress = _no_progress
        self._record: Callable[[list[list[Verdict]]], None] = lambda rows: None
        self._reset_each = reset_each
        # By identity, as cases hold what cannot be hashed; see `_judge`.
        self._agreed: dict[int, Agreed] = {}
        self.targets: list[Target] = self._stack.enter_context(open_targets(names, kernels))
        self.run = self._new_run()

    def close(self) -> None:
        """Release the targets; idempotent."""
        self._stack.close()

    def compare(
        self,
        cases: Sequence[Case],
        progress: Progress | None = None,
        record: Callable[[list[list[Verdict]]], None] | None = None,
        *,
        confirm: bool = True,
    ) -> Run:
        """Run everything and compare; *confirm* runs what diverged again, on reset machines.

        *record* gets the verdicts of each chunk as soon as they are there, one row a program.
        Neither an interrupt nor a machine that cannot be had loses what is there by then: the
        `Run` says how far it came.
        """
        self._progress = progress or _no_progress
        self._record = record or (lambda rows: None)
        self.run = self._new_run()
        begun = time.monotonic()
        try:
            with _collecting_rarely():
                self._compare_all(cases)
                if confirm:
                    self._confirm()
        except KeyboardInterrupt:
            self.run.interrupted = True
            self.run.stopped = "interrupted"
        except MachineError as error:
            self.run.stopped = str(error)
        finally:
            for case in cases[len(self.run.verdicts) :]:
                self.run.verdicts.append([Verdict(case, t.name, "not run") for t in self.targets])
            self.run.seconds = time.monotonic() - begun
            self._summarise()
        return self.run

    def _new_run(self) -> Run:
        summaries = [TargetSummary(t.name, _tier(t, self._reset_each)) for t in self.targets]
        return Run(targets=summaries, verdicts=[], started=time.time())

    def _compare_all(self, cases: Sequence[Case]) -> None:
        if not self._reset_each:
            self._announce(cases)
        size = 1 if self._reset_each else CHUNK
        chunk = cases[:size]
        started = len(chunk)
        diverged = 0
        if chunk:
            self._start(chunk)
        while chunk:
            following = cases[started : started + size]
            started += len(following)
            began = time.monotonic()
            self._finish_all(chunk, following)
            if not self._reset_each:
                size = _next_size(size, time.monotonic() - began)
            rows = self.run.verdicts[-len(chunk) :]
            diverged += sum(verdict.outcome == "diverge" for row in rows for verdict in row)
            self._progress(len(self.run.verdicts), len(cases), diverged)
            chunk = following

    def _finish_all(self, chunk: Sequence[Case], following: Sequence[Case]) -> None:
        """Wait for a chunk on all targets, start the following one, compare."""
        seen: list[list[ProgramObservation | None]] = []
        try:
            for target in self.targets:
                seen.append(self._finish(target, chunk))
                if following and not self._reset_each:
                    self._start(following, target)
            if following and self._reset_each:
                self.reset()
                self._start(following)
        finally:
            # What some targets have measured counts even if another was interrupted.
            began = time.monotonic()
            rows = [
                self._judge(case, [observed[i] for observed in seen])
                for i, case in enumerate(chunk)
            ]
            self.run.compared += time.monotonic() - began
            self.run.verdicts += rows
            self._record(rows)

    def _announce(self, cases: Sequence[Case]) -> None:
        """Tell targets that can run everything at once what is to come."""
        for target in self.targets:
            if isinstance(target, Announced):
                target.expect([c.program for c in cases if applies(c.program, target.arch)])

    def _start(self, chunk: Sequence[Case], *targets: Target) -> None:
        """Start a chunk on some targets (default: all)."""
        for target in targets or self.targets:
            target.start([c.program for c in chunk if applies(c.program, target.arch)])

    def _finish(self, target: Target, chunk: Sequence[Case]) -> list[ProgramObservation | None]:
        began = time.monotonic()
        observed = iter(target.finish())
        summary = self.run.targets[self.targets.index(target)]
        summary.waited += time.monotonic() - began
        found = [next(observed) if applies(c.program, target.arch) else None for c in chunk]
        summary.programs += sum(seen is not None and seen.ending != "refused" for seen in found)
        return found

    def _judge(self, case: Case, seen: Sequence[ProgramObservation | None]) -> list[Verdict]:
        """Compare what the targets saw of one program with the record, or with the first one.

        *seen* ends early if the last targets did not come to it.
        """
        program = case.program
        verdicts: list[Verdict] = []
        reference, name = case.recorded, "recorded" if case.recorded is not None else ""
        # What a target saw that agrees with the reference, now or when the case was run before.
        # Whoever sees the same agrees as well, and nothing has to be normalised to know it: that
        # is nearly always so.
        known = self._agreed.get(id(case))
        if known is None or known.case is not case:
            known = Agreed(case, None, 0)
        agreed, agreed_calls = known.observation, known.calls
        latest = agreed
        for target, summary, observation in zip_longest(self.targets, self.run.targets, seen):
            verdict = Verdict(case, target.name, "not compared", reference_name=name)
            verdicts.append(verdict)
            if observation is None:
                if len(seen) < len(verdicts):
                    verdict.outcome = "not run"
                continue
            # Guests that see the same share one observation.
            if (observation is latest or observation == agreed) and (
                name or edition_of(target) is EDITION_2022
            ):
                verdict.outcome = "agree"
                summary.calls += agreed_calls
                latest, name = observation, name or target.name
                continue
            calls = _calls(program, observation)
            summary.calls += calls
            if observation.ending == "refused":
                verdict.outcome = "not rewritten"
                verdict.reason = observation.error
                continue
            if observation.ending == "not_emulatable":
                verdict.outcome = "not emulatable"
                verdict.reason = observation.error
                continue
            verdict.reference = reference
            if observation.ending == "lost":
                verdict.outcome = "lost"
                verdict.reason = observation.error
                verdict.failure = _failure_of(target, case)
                continue
            verdict.missing = _missing(program, observation)
            if verdict.missing:
                verdict.outcome = "not implemented"
            elif observation.ending == "leak":
                verdict.outcome = "diverge"
                verdict.differences = [Difference("error", observation.error, None, None)]
                verdict.result = normalise(program, observation)
            elif not name:
                if edition_of(target) is EDITION_2022:
                    verdict.outcome = "agree"
                    latest = agreed = observation
                    agreed_calls, name = calls, target.name
            else:
                if reference is None and agreed is not None:
                    verdict.reference = reference = normalise(program, agreed)
                _compare(verdict, normalise(program, observation), edition_of(target))
                if verdict.outcome == "agree":
                    latest = agreed = observation
                    agreed_calls = calls
        if latest is not known.observation:
            if len(self._agreed) >= REMEMBERED:
                self._agreed.clear()
            self._agreed[id(case)] = Agreed(case, latest, agreed_calls)
        return verdicts

    def agreed(self, case: Case) -> ProgramObservation | None:
        """What was seen of *case* where targets agreed, while that is remembered."""
        known = self._agreed.get(id(case))
        return known.observation if known is not None and known.case is case else None

    def limit_time(self, limit_ns: int) -> None:
        """From now on end programs that run longer, where a target can be told."""
        for target in self.targets:
            if isinstance(target, TimeLimited):
                target.limit_time(limit_ns)

    def reset(self) -> None:
        """Bring every target back to its state after start."""
        for target, summary in zip(self.targets, self.run.targets, strict=True):
            target.reset()
            summary.resets += 1

    def _confirm(self) -> None:
        """Run again, on reset machines, what diverged.

        Alone; or, where a reset is a boot, together on one other boot.
        """
        together: list[list[Verdict]] = []
        for row in self.run.verdicts:
            diverged = [
                target
                for target, verdict in zip(self.targets, row, strict=True)
                if verdict.outcome == "diverge"
            ]
            if any(not isinstance(target, Announced) for target in diverged):
                self._run_again([row])
            elif diverged:
                together.append(row)
        if together:
            self._run_again(together)

    def _run_again(self, rows: Sequence[list[Verdict]]) -> None:
        """What agrees this time is unstable."""
        cases = [row[0].case for row in rows]
        self.reset()
        self._start(cases)
        seen = [self._finish(target, cases) for target in self.targets]
        for index, row in enumerate(rows):
            again = self._judge(row[0].case, [observed[index] for observed in seen])
            for verdict, second in zip(row, again, strict=True):
                if verdict.outcome == "diverge" and second.outcome in (
                    "agree",
                    "known difference",
                ):
                    verdict.outcome = "unstable"

    def _summarise(self) -> None:
        for target, summary in zip(self.targets, self.run.targets, strict=True):
            summary.failures = list(getattr(target, "failures", ()))
            summary.command = getattr(target, "command", "")
            summary.resident = getattr(target, "resident", 0)


def edition_of(target: Target) -> Edition:
    """The edition of the kernel that the target is; late 2022 if it does not say."""
    edition: Edition = getattr(target, "edition", EDITION_2022)
    return edition


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """Let Python's garbage collector come round seldom.

    Next to nothing that a run makes is garbage for it, but what is kept of every program to the
    end of the run it would look at again and again.
    """
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _missing(program: Program, seen: ProgramObservation) -> frozenset[str]:
    """Functions the target lacks, of those that the program reached."""
    steps = [seen.steps, *seen.threads.values()]
    if any(step.missing for thread in steps for step in thread):
        return missing_functions(normalise(program, seen))
    return frozenset()


def _compare(verdict: Verdict, result: Result, edition: Edition) -> None:
    """Say how *result* compares with the verdict's reference."""
    reference = verdict.reference
    assert reference is not None
    names = verdict.reference_name, verdict.target
    if result != reference:
        verdict.result = result
        verdict.differences = differences(reference, result, *names)
    verdict.outcome = "diverge" if verdict.differences else "agree"
    if verdict.differences and edition is not EDITION_2022:
        from harness.edition.differences import judge

        verdict.known = judge(verdict.case.program, reference, result, edition, names)
        if verdict.known.kind == "known edition difference":
            verdict.outcome = "known difference"
        else:
            verdict.differences = list(verdict.known.divergences)


def _tier(target: Target, reset_each: bool) -> str:
    place = "emulated" if target.name == "host" else "guest"
    tier = f"fresh {place} process per program"
    return f"machine reset and {tier}" if reset_each else tier


def _calls(program: Program, seen: ProgramObservation) -> int:
    """How many calls a program made on a target, repeats counted."""
    calls = _counted(program.steps, len(seen.steps))
    for name, steps in seen.threads.items():
        calls += _counted(program.threads[name], len(steps))
    return calls


def _counted(steps: Sequence[Step], done: int) -> int:
    return sum(step.repeat for step in steps[:done] if step.call[0] != "$")


def _failure_of(target: Target, case: Case) -> Failure | None:
    failures: Sequence[Failure] = getattr(target, "failures", ())
    return next((f for f in reversed(failures) if f.program == case.program.name), None)

"""The matrix: functions of the interface, targets, and what a run of programs saw of both.

Unlike the main job this compares nothing.  It counts: a function that answered with success works,
one that only ever refused refuses, and every status that was seen is noted, to be held against
those that the interface (`zxio_py.abi`) says the function has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.compare import applies
from harness.program.model import Program, Step
from harness.program.observation import ProgramObservation, StepObservation
from harness.run import LARGEST_CHUNK
from harness.targets.base import Target
from zxio_py import abi
from zxio_py.abi.model import Arch, Call

#: "works": it succeeded; "refuses": it only gave errors; "unseen": no program reached it;
#: "not emulatable": its success runs machine code, which the target does not, whatever it
#: answered; "missing": the target has no such function.
State = Literal["works", "refuses", "not emulatable", "unseen", "missing"]

STATES: tuple[State, ...] = ("works", "refuses", "not emulatable", "unseen", "missing")

#: What any function that allocates may answer; no program can cause it.
_NOT_CAUSED = frozenset({"NO_MEMORY"})
_PREFIX = "ZX_ERR_"

#: Called with the programs done on all targets and their total.
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Cell:
    """One function on one target."""

    #: The target's: numbers and errors may depend on it.
    arch: Arch
    missing: bool = False
    emulatable: bool = True
    succeeded: bool = False
    #: Errors seen, without ``ZX_ERR_``.
    errors: set[str] = field(default_factory=set)

    @property
    def state(self) -> State:
        """What the run says of it."""
        if self.missing:
            return "missing"
        if not self.emulatable:
            return "not emulatable"
        if self.succeeded:
            return "works"
        return "refuses" if self.errors else "unseen"


@dataclass(frozen=True, slots=True)
class Row:
    """One function on all targets, in their order."""

    call: Call
    cells: tuple[Cell, ...]

    @property
    def states(self) -> tuple[State, ...]:
        """What the run says of it on each target."""
        return tuple(cell.state for cell in self.cells)

    @property
    def errors(self) -> dict[str, bool]:
        """Errors that programs can cause, in the interface's order: whether every target gave it.

        One that only an architecture has bears its name, and counts if there is such a target.
        """
        unreachable = dict(self.call.unreachable)
        result = {e: self._given(e, self.cells) for e in self.call.errors if e not in unreachable}
        for arch, errors in self.call.arch_errors:
            cells = [cell for cell in self.cells if cell.arch == arch]
            if cells:
                result |= {f"{error} ({arch})": self._given(error, cells) for error in errors}
        return result

    @staticmethod
    def _given(error: str, cells: Iterable[Cell]) -> bool:
        return all(error in cell.errors for cell in cells)

    @property
    def unseen(self) -> tuple[str, ...]:
        """Of `errors`, those that not every target gave."""
        return tuple(error for error, seen in self.errors.items() if not seen)

    @property
    def share(self) -> str:
        """How many of its errors were seen on every target, in words; empty if it has none."""
        total = len(self.errors)
        return f"{total - len(self.unseen)}/{total}" if total else ""

    @property
    def unexpected(self) -> tuple[str, ...]:
        """Errors seen on some target that it does not have there, or that nothing can cause."""
        unreachable = {error for error, _ in self.call.unreachable}
        return tuple(
            sorted(
                {
                    error
                    for cell in self.cells
                    for error in cell.errors - _NOT_CAUSED
                    if error in unreachable or error not in self.call.errors_on(cell.arch)
                }
            )
        )


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every exported function, by name."""

    targets: tuple[str, ...]
    rows: tuple[Row, ...]
    #: How many programs it rests on.
    programs: int

    def count(self, target: str, state: State) -> int:
        """Functions in *state* on *target*."""
        column = self.targets.index(target)
        return sum(row.cells[column].state == state for row in self.rows)

    @property
    def errors(self) -> tuple[int, int]:
        """How many (function, error) pairs were seen on every target, and how many there are."""
        pairs = sum(len(row.errors) for row in self.rows)
        return pairs - sum(len(row.unseen) for row in self.rows), pairs

    @property
    def unreachable(self) -> tuple[tuple[str, str, str], ...]:
        """Function, error and reason of each that no program can cause."""
        return tuple(
            (row.call.name, error, reason)
            for row in self.rows
            for error, reason in row.call.unreachable
        )


def measure(
    targets: Sequence[Target], programs: Sequence[Program], progress: Progress | None = None
) -> Matrix:
    """Run *programs* on all targets, which work at the same time, and count."""
    calls = [call for call in abi.CALLS.values() if call.exported]
    table = {target.name: {c.name: cell_of(target, c) for c in calls} for target in targets}
    for target, program, seen in observe(targets, programs, progress):
        _note(table[target.name], program, seen)
    names = tuple(table)
    rows = tuple(Row(c, tuple(table[name][c.name] for name in names)) for c in calls)
    return Matrix(names, tuple(sorted(rows, key=lambda row: row.call.name)), len(programs))


def observe(
    targets: Sequence[Target], programs: Sequence[Program], progress: Progress | None = None
) -> Iterator[tuple[Target, Program, ProgramObservation]]:
    """Run *programs* on all targets, which work at the same time; what each saw of each."""
    for start in range(0, len(programs), LARGEST_CHUNK):
        chunk = programs[start : start + LARGEST_CHUNK]
        for target in targets:
            target.start([p for p in chunk if applies(p, target.arch)])
        for target in targets:
            run = [p for p in chunk if applies(p, target.arch)]
            for program, seen in zip(run, target.finish(), strict=True):
                yield target, program, seen
        if progress is not None:
            progress(start + len(chunk), len(programs))


def cell_of(target: Target, call: Call) -> Cell:
    """A function of which nothing was seen yet."""
    return Cell(
        target.arch,
        missing=call.name in target.missing_calls(),
        emulatable=target.runs_code or not call.runs_code,
    )


def _note(cells: Mapping[str, Cell], program: Program, seen: ProgramObservation) -> None:
    for step, observation in _observed(program, seen):
        cell = cells.get(step.call)
        if cell is None or observation.missing:
            continue
        error = error_of(abi.CALLS[step.call], observation.ret)
        if error is None:
            cell.succeeded = True
        else:
            cell.errors.add(error)
    for call in _last_calls(program, seen):
        if call in cells:
            cells[call].succeeded = True


def _observed(program: Program, seen: ProgramObservation) -> Iterator[tuple[Step, StepObservation]]:
    yield from zip(program.steps, seen.steps, strict=False)
    for name, steps in program.threads.items():
        yield from zip(steps, seen.threads.get(name, ()), strict=False)


def _last_calls(program: Program, seen: ProgramObservation) -> Iterator[str]:
    """Calls that end their thread if they succeed and were the last thing it did."""
    done = [(program.steps, seen.steps)]
    done += [(steps, seen.threads.get(name, [])) for name, steps in program.threads.items()]
    for steps, observed in done:
        if len(observed) < len(steps):
            call = abi.CALLS.get(steps[len(observed)].call)
            if call is not None and (
                "noreturn" in call.attributes or call.name.endswith("_thread_exit")
            ):
                yield call.name


def error_of(call: Call, ret: int) -> str | None:
    """The error a function returned, without its prefix; None if it returned something else."""
    if call.returns != "zx_status_t":
        return None
    status = (ret & 0xFFFFFFFF) - (ret << 1 & 0x1_0000_0000)
    name = abi.status_name(status)
    return name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else None

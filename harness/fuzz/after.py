"""What is done with the divergences of a run: flaky ones are told apart, the others made small."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from harness.errors import MachineError
from harness.fuzz.found import write_found
from harness.fuzz.kind import Kind, kind_of
from harness.fuzz.shrink import REPEATS, SECONDS, Judge, Shrunk, distinct, shrink
from harness.run import Run, Runner, Verdict

#: Seconds for repeating the divergences of a run.
_REPEATING: Final = 20.0
#: Divergences repeated together, so that the time can be looked at in between.
_TOGETHER: Final = 16
#: Seconds below which it is not worth beginning.
_LEAST: Final = 1.0


class Found(NamedTuple):
    """A sort of divergence, and what became of its program."""

    kind: Kind
    #: How it showed first.
    verdict: Verdict
    #: None if the targets agree with each other, and only a recorded result says otherwise.
    shrunk: Shrunk | None
    #: The file it was written to.
    path: Path | None


class Shrinker:
    """Makes the divergences of runs small and writes them to files, each sort once."""

    def __init__(
        self,
        runner: Runner,
        directory: Path | None,
        seconds: float = SECONDS,
        seconds_each: float = SECONDS,
        seed: int | None = None,
    ) -> None:
        """*seconds* are for all of them together; *seed* is that of the campaign.

        Without a *directory* nothing is written.
        """
        self._runner = runner
        self._judge = Judge(runner)
        self._directory = directory
        self._each = seconds_each
        self._end = time.monotonic() + seconds
        self._seed = seed
        self._known: set[Kind] = set()
        #: Sorts of divergence for which there was no time.
        self.left = 0

    def found(self, rows: Sequence[Sequence[Verdict]]) -> Iterator[Found]:
        """Each sort of divergence in *rows* that has not come before, once it is small.

        Raises `MachineError` if the machines cannot go on, `OutputError` for the files.
        """
        for kind, verdict in distinct(rows).items():
            if kind.anywhere in self._known or _hangs(verdict):
                continue
            self._known.add(kind.anywhere)
            if verdict.case.recorded is not None:  # seen against that; now target against target
                (seen,) = self._judge.look([verdict.case.program])
                if not seen.kinds:
                    yield Found(kind, verdict, None, None)
                    continue
                kind = next(iter(seen.kinds))
                if kind.anywhere in self._known:
                    continue
                self._known.add(kind.anywhere)
            seconds = min(self._end - time.monotonic(), self._each)
            if seconds < _LEAST:
                self.left += 1
                continue
            yield self._shrink(kind, verdict, seconds)

    def _shrink(self, kind: Kind, verdict: Verdict, seconds: float) -> Found:
        shrunk = shrink(self._runner, verdict.case.program, kind, seconds)
        if shrunk.flaky and verdict.outcome == "diverge":
            verdict.outcome = "unstable"
        targets = self._runner.targets
        path = None
        if self._directory is not None:
            path = write_found(self._directory, shrunk, verdict, targets, self._seed)
        return Found(shrunk.kind, verdict, shrunk, path)


def _hangs(verdict: Verdict) -> bool:
    """Whether it takes the machine a minute to be found out, each time."""
    return verdict.failure is not None and verdict.failure.verdict == "guest hang"


def label_flaky(runner: Runner, run: Run) -> None:
    """Run the divergences of *run* again and again: what comes and goes becomes "unstable".

    Raises `MachineError` if that cannot go on.
    """
    rows = [row for row in run.verdicts if any(v.outcome == "diverge" for v in row)]
    end = time.monotonic() + _REPEATING
    for start in range(0, len(rows), _TOGETHER):
        if time.monotonic() >= end:
            break
        _label(runner, rows[start : start + _TOGETHER])


def _label(runner: Runner, rows: Sequence[Sequence[Verdict]]) -> None:
    cases = [row[0].case for row in rows]
    again = runner.compare(cases * (REPEATS - 1), confirm=False)
    if again.interrupted:
        raise KeyboardInterrupt
    if again.stopped:
        raise MachineError(again.stopped)
    for index, row in enumerate(rows):
        repeated = again.verdicts[index :: len(rows)]
        for number, verdict in enumerate(row):
            if verdict.outcome != "diverge":
                continue
            kind = kind_of(verdict)
            seconds = [other[number] for other in repeated]
            shown = sum(v.outcome == "diverge" and kind_of(v) == kind for v in seconds)
            if shown < len(seconds):
                verdict.outcome = "unstable"
                verdict.reason = f"it showed in {shown + 1} of {REPEATS} runs"

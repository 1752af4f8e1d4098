"""The sustained rate of the main job: all targets, everything compared, and where time goes."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from harness.bench.figure import Figure
from harness.cases import built_in
from harness.errors import MachineError
from harness.program.model import Deadline, Program, Step, StoredValue
from harness.program.parse import FUNCTIONS
from harness.run import Run, Runner

#: What the rate aims at.
PROGRAMS_PER_SECOND = 5_000.0
CALLS_PER_SECOND = 50_000.0

#: A program that repeats a call more often measures that call.
_MOST_REPEATS = 10_000


def measure(targets: Sequence[str], programs: int) -> Iterator[Figure]:
    """Run about *programs* programs of the suite, over and over, as `zxh run` does."""
    runner = Runner(targets)
    try:
        # The machines boot, everything is encoded once; what diverges is run again and again.
        first = _checked(runner.compare([c for c in built_in() if _is_small(c.program)]))
        cases = [row[0].case for row in first.verdicts if all(v.outcome == "agree" for v in row)]
        run = _checked(runner.compare(cases * max(1, programs // len(cases))))
    finally:
        runner.close()
    total = run.seconds
    count = len(run.verdicts)
    calls = max(summary.calls for summary in run.targets)
    yield Figure(
        "programs, all targets, everything compared",
        "all",
        count / total,
        "/s",
        PROGRAMS_PER_SECOND,
        "more",
        "aim",
    )
    yield Figure(
        "calls, all targets, everything compared",
        "all",
        calls / total,
        "/s",
        CALLS_PER_SECOND,
        "more",
        "aim",
    )
    for summary in run.targets:
        waited = 100 * summary.waited / total
        what = "running programs" if summary.name == "host" else "waiting for the guest"
        yield Figure(f"time spent {what}", summary.name, waited, "%")
    share = 100 * run.compared / total
    yield Figure("time spent comparing", "all", share, "%")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("resident memory of the harness (peak)", "all", peak, "MiB")


def _is_small(program: Program) -> bool:
    """Whether it neither sleeps nor waits, which measures the clock, nor repeats a call on end."""
    steps = [*program.all_steps()]
    waits = any(_waits(step) or step.repeat > _MOST_REPEATS for step in steps)
    other = program.threads or program.debugging  # a kernel of its own
    return not waits and not other and all(s.min_ns is None for s in steps)


def _waits(step: Step) -> bool:
    """Whether a point in time that the step is given is still to come."""
    function = FUNCTIONS.get(step.call)
    types = [param.type for param in function.params] if function is not None else []
    return any(
        isinstance(argument, Deadline)
        or (type == "zx_time_t" and isinstance(argument, StoredValue))
        for argument, type in zip_longest(step.args, types)
    )


def _checked(run: Run) -> Run:
    if run.stopped:
        raise MachineError(run.stopped)
    return run

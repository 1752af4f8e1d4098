"""What a measurement yields."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    #: What was measured.
    name: str
    #: Where: a target, or "all".
    target: str
    value: float
    unit: str
    #: What it should be at most or at least; None where it is only reported.
    budget: float | None = None
    better: Literal["less", "more"] = "less"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the budget is kept; None if there is none."""
        if self.budget is None:
            return None
        return self.value <= self.budget if self.better == "less" else self.value >= self.budget


def seconds(work: Callable[[], object]) -> float:
    """How long *work* takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(rounds: int, **work: Callable[[], float]) -> dict[str, float]:
    """Medians of several measurements whose rounds alternate, so that drift hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, measure in work.items():
            times[name].append(measure())
    return {name: statistics.median(values) for name, values in times.items()}

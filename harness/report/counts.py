"""Counting verdicts: how many programs of which kind had which outcome on which target."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from harness.run import Outcome, Run, Verdict

#: By row, then by target: outcomes.
Table = dict[str, defaultdict[str, Counter[Outcome]]]


def by_family(run: Run) -> Table:
    """Counts by object family, in alphabetical order."""
    return _count(run, lambda verdict: verdict.case.family)


def by_origin(run: Run) -> Table:
    """Counts by where the programs come from: the suite, recorded vectors, files."""
    return _count(run, lambda verdict: verdict.case.origin)


def totals(run: Run) -> Table:
    """Counts over everything, in one row."""
    return _count(run, lambda verdict: "all")


def _count(run: Run, key: Callable[[Verdict], str]) -> Table:
    table: Table = {}
    for verdict in run.all():
        row = table.setdefault(key(verdict), defaultdict(Counter))
        row[verdict.target][verdict.outcome] += 1
    return dict(sorted(table.items()))

"""The recorded vectors on a real kernel of May 2018, where the environment names one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache

import pytest

from harness.edition.differences import Verdict, judge
from harness.program.normalise import normalise
from harness.suite.load import SuiteProgram, load_vectors
from harness.targets.factory import KERNEL_VARIABLES, open_target
from zxio_py.abi.editions import EDITION_2018

Verdicts = Mapping[str, tuple[SuiteProgram, Verdict | None]]


@lru_cache(maxsize=2)
def verdicts(name: str) -> Verdicts:
    """Every vector with its verdict; None for those that cannot be said in 2018."""
    found: dict[str, tuple[SuiteProgram, Verdict | None]] = {}
    with open_target(name) as target:
        vectors = [
            vector
            for vector in load_vectors()
            if not vector.program.arch or target.arch in vector.program.arch
        ]
        target.start([vector.program for vector in vectors])
        for vector, seen in zip(vectors, target.finish(), strict=True):
            verdict = None
            assert seen.ending != "lost", seen.error
            if seen.ending != "refused":
                assert vector.expected is not None
                result = normalise(vector.program, seen)
                verdict = judge(vector.program, vector.expected, result, EDITION_2018)
            found[vector.name] = vector, verdict
    return found


@pytest.fixture(params=sorted(KERNEL_VARIABLES))
def kernel(request: pytest.FixtureRequest) -> Verdicts:
    """What each real kernel made of the vectors."""
    variable = KERNEL_VARIABLES[request.param]
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no kernel")
    return verdicts(request.param)


def of(kernel: Verdicts, truth: str) -> list[tuple[SuiteProgram, Verdict]]:
    """Vectors of one kind, with their verdicts."""
    return [
        (vector, verdict)
        for vector, verdict in kernel.values()
        if vector.truth == truth and verdict is not None
    ]


def test_what_was_recorded_as_it_is_agrees(kernel: Verdicts) -> None:
    """Only rights of new handles differ, and what comes of narrowing them."""
    found = of(kernel, "real")
    assert len(found) > 500
    assert {row for _, verdict in found for row in verdict.rows} <= {"H11", "G1"}
    assert [vector.name for vector, verdict in found if verdict.divergences] == []
    assert not any(one.consequence for _, verdict in found for one in verdict.explained)


def test_what_changed_since_is_explained_by_what_the_record_names(kernel: Verdicts) -> None:
    found = of(kernel, "derived")
    assert len(found) > 100
    assert [vector.name for vector, verdict in found if verdict.divergences] == []
    explained = [
        (set(re.findall(r"[A-Z]\d+|E:[\w-]+", vector.why)), set(verdict.rows))
        for vector, verdict in found
        if verdict.rows
    ]
    # Rows overlap here and there (C1 of a write and C7 of a call), so not all are the same.
    agreeing = [named for named, rows in explained if named & rows]
    assert len(agreeing) > 0.85 * len(explained)

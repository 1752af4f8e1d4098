"""Recorded truth: every vector gives its result on the host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.compare import differences
from harness.errors import InputError
from harness.program.normalise import normalise
from harness.suite import SuiteProgram, load_vectors
from harness.suite.load import parse_vectors
from harness.targets.host import HostTarget

VECTORS = load_vectors()


@pytest.fixture(scope="module")
def target() -> Iterator[HostTarget]:
    with HostTarget() as opened:
        yield opened


def test_there_are_vectors_of_both_kinds() -> None:
    kinds = [vector.truth for vector in VECTORS]
    assert (kinds.count("real"), kinds.count("derived")) == (599, 128)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(target: HostTarget, vector: SuiteProgram) -> None:
    assert not vector.program.calls() & target.missing_calls()
    result = normalise(vector.program, target.run(vector.program))
    assert vector.expected is not None
    assert [d.reason for d in differences(vector.expected, result, "zircon", "host")] == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"format": "zx-program/1", "programs": []}', "not a vector file"),
        (b'{"format": "zx-vectors/1"}', "no list of programs"),
        (b'{"format": "zx-vectors/1", "programs": [{}]}', "entry 0: no program with its result"),
    ],
)
def test_other_files_are_refused(data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse_vectors(data, "f.json", "f")

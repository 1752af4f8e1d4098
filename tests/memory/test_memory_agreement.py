"""Random programs over memory and tasks: host emulation and both kernels say the same."""

from __future__ import annotations

import pytest
from memory_programs import random_program

from harness.compare import differences
from harness.program.model import Program
from harness.program.normalise import Result, normalise
from harness.program.parse import parse_list
from harness.targets.base import Target
from harness.targets.factory import open_targets

PROGRAMS = 400


def _results(target: Target, programs: list[Program]) -> list[Result]:
    target.start(programs)
    return [normalise(p, o) for p, o in zip(programs, target.finish(), strict=True)]


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
@pytest.mark.parametrize("round", range(2))
def test_random_programs_agree(arch: str, round: int) -> None:
    first = round * PROGRAMS
    programs = parse_list([random_program(first + n) for n in range(PROGRAMS)], "random")
    with open_targets(["host", arch]) as targets:
        host, guest = (_results(target, programs) for target in targets)
    seen = [
        f"{ours['name']}: {one.path}: {one.reason}"
        for ours, theirs in zip(host, guest, strict=True)
        for one in differences(ours, theirs, "host", arch)
    ]
    assert seen == []

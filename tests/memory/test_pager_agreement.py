"""Random programs over VMOs that a pager supplies: host emulation and both kernels say the same."""

from __future__ import annotations

import pytest
from pager_programs import random_program

from harness.compare import differences
from harness.program.normalise import normalise
from harness.program.parse import parse_list
from harness.targets.factory import open_targets

PROGRAMS = 150


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_random_programs_agree(arch: str) -> None:
    programs = parse_list([random_program(n) for n in range(PROGRAMS)], "random")
    results = []
    with open_targets(["host", arch]) as targets:
        for target in targets:
            target.start(programs)
            seen = target.finish()
            results.append([normalise(p, o) for p, o in zip(programs, seen, strict=True)])
    host, guest = results
    assert [result["error"] for result in host if "error" in result] == []
    different = [
        f"{ours['name']}: {one.path}: {one.reason}"
        for ours, theirs in zip(host, guest, strict=True)
        for one in differences(ours, theirs, "host", arch)
    ]
    assert different == []

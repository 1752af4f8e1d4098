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


# Where a region or a mapping goes that has no place of its own to ask for is the kernel's choice; a
# real one throws dice.  Ours leaves a page free on either side while there is room for that.
def test_places_of_its_own_choice_agree() -> None:
    def mapping(name: str, pages: int) -> object:
        options, out = "ZX_VM_PERM_READ", {"out": 8, "name": name, "mask": [[0, 8]]}
        return {
            "call": "zx_vmar_map",
            "args": [{"h": "s"}, options, 0, {"h": "v"}, 0, pages * 4096, out],
        }

    size, outs = 7 * 4096, ({"out_handle": "s"}, {"out": 8, "mask": [[0, 8]]})
    steps = [
        {
            "call": "zx_vmar_allocate",
            "args": [{"h": "$vmar"}, "ZX_VM_CAN_MAP_READ", 0, size, *outs],
        },
        {"call": "zx_vmo_create", "args": [8192, 0, {"out_handle": "v"}]},
        *(mapping(name, 1) for name in "ab"),
        *({"call": "$load", "args": [{"val": "a", "add": n * 4096}, 1]} for n in range(4)),
        *(mapping(f"c{n}", pages) for n, pages in enumerate((2, 2, 1, 1, 1, 1))),
    ]
    programs = parse_list([{"name": "places", "steps": steps}], "places")
    with open_targets(["host", "x86_64", "arm64"]) as targets:
        host, *guests = (_results(target, programs)[0] for target in targets)
    loads = host["steps"][4:8]
    assert [step.get("fault") for step in loads] == [None, "read", None, "read"]
    statuses = [step["status_name"] for step in host["steps"][8:]]
    full = "ZX_ERR_NO_RESOURCES"
    assert statuses == ["ZX_OK", full, "ZX_OK", "ZX_OK", "ZX_OK", full]
    assert [guest["steps"] for guest in guests] == [host["steps"]] * 2

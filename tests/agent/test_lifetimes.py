"""Objects in odd places die when they should, and the guest says what the host says.

Each test ends with the kernel's counts where they were (conftest.py).
"""

from __future__ import annotations

from typing import Any

from agent_programs import Run
from random_programs import random_program

from harness.compare import differences
from harness.program.normalise import normalise
from harness.program.parse import parse_list
from harness.targets.guest import GuestTarget
from harness.targets.host import HostTarget
from zxio_py import abi

PROGRAMS = 400
DEPTH = 250


def step(call: str, *args: Any) -> dict[str, Any]:
    return {"call": call, "args": list(args)}


def create(first: str, second: str) -> dict[str, Any]:
    return step("zx_channel_create", 0, {"out_handle": first}, {"out_handle": second})


def send(channel: str, *handles: str) -> dict[str, Any]:
    items = {"in": [{"h": handle} for handle in handles]}
    return step("zx_channel_write", {"h": channel}, 0, {"null": 1}, 0, items, len(handles))


def close(handle: str) -> dict[str, Any]:
    return step("zx_handle_close", {"h": handle})


def nest() -> list[dict[str, Any]]:
    """Channels whose message holds the channel before: only the last is held by the process."""
    steps = [create("a", "b0"), close("a")]
    for depth in range(1, DEPTH):
        steps += [create("a", f"b{depth}"), send("a", f"b{depth - 1}"), close("a")]
    return steps


def test_deep_nests_are_closed(run: Run) -> None:
    seen = run(*nest(), close(f"b{DEPTH - 1}"))
    assert seen.ending == "finished"
    assert {step.ret for step in seen.steps} == {abi.ZX_OK}


def test_deep_nests_end_with_their_process(run: Run) -> None:
    assert run(*nest()).ending == "finished"


def test_an_end_in_its_own_queue(run: Run) -> None:
    seen = run(create("a", "b"), send("a", "b"), close("a"))
    assert [step.ret for step in seen.steps] == [abi.ZX_OK] * 3
    assert seen.ending == "finished"


def test_two_channels_that_hold_each_other(run: Run) -> None:
    seen = run(
        *(create("a", "b"), create("c", "d")),
        *(send("a", "d"), send("c", "b"), close("a"), close("c")),
    )
    assert [step.ret for step in seen.steps] == [abi.ZX_OK] * 6
    assert seen.ending == "finished"


def test_random_programs_agree_with_the_host(guest: GuestTarget) -> None:
    programs = parse_list([random_program(seed) for seed in range(PROGRAMS)], "random")
    guest.start(programs)
    with HostTarget() as host:
        host.start(programs)
        wanted = host.finish()
    for program, expected, seen in zip(programs, wanted, guest.finish(), strict=True):
        found = differences(normalise(program, expected), normalise(program, seen))
        assert not found, (program.name, [str(difference) for difference in found])

"""One running guest per architecture for all tests of the agent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from agent_programs import Run

from harness.program.model import Arch
from harness.program.observation import ProgramObservation
from harness.program.parse import parse_list
from harness.targets.guest import GuestTarget

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")


@pytest.fixture(scope="module", params=ARCHES)
def guest(request: pytest.FixtureRequest) -> Iterator[GuestTarget]:
    """A machine with the agent on it, each architecture in turn."""
    with GuestTarget(request.param) as target:
        yield target


@pytest.fixture
def run(guest: GuestTarget) -> Run:
    """Runs one program given as its steps and helper threads."""

    def run_steps(*steps: dict[str, Any], **threads: list[dict[str, Any]]) -> ProgramObservation:
        document = {"name": "zx_test", "steps": list(steps), "threads": threads}
        guest.start(parse_list([document], "test"))
        (seen,) = guest.finish()
        return seen

    return run_steps


@pytest.fixture(autouse=True)
def nothing_left(guest: GuestTarget) -> Iterator[None]:
    """After each test the kernel's counts are those before, and no machine was lost."""
    guest.start(parse_list([{"name": "zx_warm", "steps": []}], "test"))
    guest.finish()
    before = guest.machine.share.header()
    yield
    after = guest.machine.share.header()
    assert (after.objects, after.handles, after.pages_used) == (
        before.objects,
        before.handles,
        before.pages_used,
    )
    assert guest.failures == []

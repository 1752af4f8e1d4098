"""Which processors QEMU and the host are on while programs run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.machine.machine import Machine
from harness.machine.placement import BRIEF
from harness.machine.transport import Request, Stopped, Transport
from harness.program.model import Arch
from harness.targets.guest import GuestTarget
from tests.machine.test_guest_target import programs
from tests.machine.test_transport import QUICK


def may_choose() -> bool:
    """Whether the system lets a process say where its threads run, and there is a choice."""
    if sys.platform != "linux":
        return False
    try:
        os.sched_setaffinity(0, os.sched_getaffinity(0))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        return False
    return len(os.sched_getaffinity(0)) > 1


pytestmark = pytest.mark.skipif(
    not may_choose(), reason="needs Linux, two processors, and leave to choose between them"
)

ECHO = Request(1, b"e")


def threads_of(machine: Machine) -> list[set[int]]:
    folder = Path(f"/proc/{machine.process.pid}/task")
    return [os.sched_getaffinity(int(path.name)) for path in folder.iterdir()]


def exchange(transport: Transport, *requests: Request) -> None:
    transport.begin(requests)
    assert None not in transport.finish()


def test_single_programs_run_on_the_processor_of_the_host(arch: Arch) -> None:
    before = os.sched_getaffinity(0)
    batch = programs(1)
    with GuestTarget(arch) as target:
        target.start(batch)
        target.finish()  # the agent has been heard of from here on
        target.start(batch)
        places = threads_of(target.machine)
        assert os.sched_getscheduler(target.machine.process.pid) == os.SCHED_BATCH
        target.finish()
        target.reset()
        assert all(place == before for place in threads_of(target.machine))
        assert os.sched_getscheduler(target.machine.process.pid) == os.SCHED_OTHER
    assert len(places) > 1
    assert len(set.union(*places)) == 1
    assert os.sched_getaffinity(0) == before


def test_a_batch_is_free_to_run_anywhere(faulty: Machine) -> None:
    everywhere = os.sched_getaffinity(0)
    transport = Transport(faulty)
    exchange(transport, ECHO)
    exchange(transport, ECHO)
    exchange(transport, ECHO, ECHO)
    assert all(place == everywhere for place in threads_of(faulty))


def test_a_program_that_takes_long_is_set_free(faulty: Machine) -> None:
    everywhere = os.sched_getaffinity(0)
    transport = Transport(faulty, QUICK)
    exchange(transport, ECHO)
    transport.begin([Request(1, b"h")])
    assert any(place != everywhere for place in threads_of(faulty))
    with pytest.raises(Stopped, match="stood still"):
        transport.finish()
    assert QUICK.stalled > BRIEF
    assert all(place == everywhere for place in threads_of(faulty))
    assert os.sched_getaffinity(0) == everywhere

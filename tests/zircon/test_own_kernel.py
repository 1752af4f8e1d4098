"""Programs from boot files and results over the console, on our own guest kernels.

It is the way to a real kernel, agent and container included, wherever the tests run.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cases import built_in
from harness.compare import applies
from harness.errors import InputError, MachineError
from harness.machine.boot import BootMachine
from harness.machine.image import Image
from harness.machine.machine import MachineLost
from harness.program.model import Arch, Program
from harness.program.normalise import normalise
from harness.program.parse import parse_list
from harness.run import Runner
from harness.targets.guest import GuestTarget
from harness.targets.zircon import LOSSES_IN_A_ROW, ZirconTarget

OwnKernel = Callable[[Arch], Image]

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")

CREATE = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}


def nap(ns: int) -> dict[str, object]:
    return {"call": "zx_nanosleep", "args": [{"deadline": ns}]}


#: Of a program that is under way when its machine ends, and of one that shall end on the next.
LONG_NAP = nap(15 * 10**9)
NAP = nap(500_000_000)


def programs(*steps: list[dict[str, object]]) -> list[Program]:
    return list(
        parse_list([{"name": f"event_{i}", "steps": s} for i, s in enumerate(steps)], "test")
    )


def begun(number: int) -> Callable[[BootMachine], bool]:
    """When the program of that number has begun on the machine."""
    return lambda machine: machine.begun >= number


def kill(machine: BootMachine) -> None:
    """End a machine as somebody else does who has nothing to do with its programs."""
    os.kill(machine.process.pid, signal.SIGKILL)


def reset(machine: BootMachine) -> None:
    """End a machine as a kernel does that goes down: the reset that follows ends QEMU."""
    machine.process.qmp.sendall(b'{"execute":"qmp_capabilities"}{"execute":"system_reset"}')


@contextmanager
def ending(
    target: ZirconTarget, end: Callable[[BootMachine], None], *when: Callable[[BootMachine], bool]
) -> Iterator[None]:
    """End one machine after the other, each when it is time to."""

    def work() -> None:
        last = None
        for due in when:
            while (machine := target.machine) is None or machine is last or not due(machine):
                if stopped.wait(0.01):
                    return
            last = machine
            end(machine)

    stopped = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


@pytest.mark.parametrize("arch", ARCHES)
def test_results_are_those_of_the_shared_memory(own_kernel: OwnKernel, arch: Arch) -> None:
    # Endings of all kinds, helper threads, faults that are stepped over, large buffers.
    chosen = [
        case.program
        for case in built_in()
        if case.family in ("event", "eventpair", "futex", "load", "memory", "process", "vmar")
        and applies(case.program, arch)
        and not case.program.debugging  # which kernels from boot files are not started for
    ]
    with ZirconTarget("own", described=own_kernel(arch)) as target:
        target.expect(chosen)
        target.start(chosen[:50])
        seen = target.finish()
        target.start(chosen[50:])
        seen += target.finish()
        assert len(target.boots) == 1
        assert not target.failures
    with GuestTarget(arch) as guest:
        guest.start(chosen)
        expected = guest.finish()
    assert len(chosen) > 100
    for program, mine, other in zip(chosen, seen, expected, strict=True):
        assert normalise(program, mine) == normalise(program, other)


def test_what_was_not_expected_gets_a_boot(own_kernel: OwnKernel) -> None:
    batch = programs([CREATE], [CREATE])
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        for _ in range(2):
            target.start(batch)
            assert [seen.ending for seen in target.finish()] == ["finished", "finished"]
        assert len(target.boots) == 2
        target.start([])
        assert target.finish() == []


def test_programs_that_one_boot_cannot_take(own_kernel: OwnKernel) -> None:
    batch = programs([CREATE], [CREATE], [CREATE])
    with ZirconTarget("own", described=own_kernel("x86_64"), boot_bytes=1) as target:
        target.expect(batch)
        for program in batch:
            target.start([program])
            assert [seen.ending for seen in target.finish()] == ["finished"]
        assert len(target.boots) == 3


def test_a_result_of_many_lines(own_kernel: OwnKernel) -> None:
    show = {"call": "$buf", "args": [{"inout": [{"fill": [7, 60_000]}], "show": 60_000}]}
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        target.start(programs([show], [CREATE]))
        first, second = target.finish()
    assert first.steps[0].outs[0].data == bytes([7]) * 60_000
    assert second.ending == "finished"


@pytest.mark.parametrize("arch", ARCHES)
def test_a_program_that_takes_the_kernel_down(own_kernel: OwnKernel, arch: Arch) -> None:
    with ZirconTarget("own", described=own_kernel(arch)) as target:
        target.start(programs([CREATE], [LONG_NAP], [CREATE]))
        with ending(target, reset, begun(2)):
            seen = target.finish()
        assert [one.ending for one in seen] == ["finished", "lost", "finished"]
        assert seen[1].error == "guest panic: the kernel ended the machine"
        (failure,) = target.failures
        assert len(target.boots) == 2
    assert failure.program == "event_1"
    assert failure.image == arch
    assert failure.exit_status == 0


def test_each_program_that_takes_the_kernel_down_costs_one_boot(own_kernel: OwnKernel) -> None:
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        target.start(programs([LONG_NAP], [LONG_NAP], [CREATE], [CREATE], [LONG_NAP]))
        with ending(target, reset, begun(1), begun(1), begun(3)):
            seen = target.finish()
        endings = [one.ending for one in seen]
        assert endings == ["lost", "lost", "finished", "finished", "lost"]
        assert [lost.program for lost in target.failures] == ["event_0", "event_1", "event_4"]
        assert len(target.boots) == 3


def test_a_machine_that_others_end_costs_no_program(own_kernel: OwnKernel) -> None:
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        target.start(programs([CREATE], [NAP], [CREATE]))
        with ending(target, kill, begun(2)):
            seen = target.finish()
        assert [one.ending for one in seen] == ["finished"] * 3
        (failure,) = target.failures
        assert len(target.boots) == 2
    assert failure.program == ""
    assert failure.exit_status == -signal.SIGKILL


def test_what_others_seem_to_do_twice_is_the_program_s_doing(own_kernel: OwnKernel) -> None:
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        target.start(programs([CREATE], [LONG_NAP], [CREATE]))
        with ending(target, kill, begun(2), begun(1)):
            seen = target.finish()
        assert [one.ending for one in seen] == ["finished", "lost", "finished"]
        assert [lost.program for lost in target.failures] == ["", "event_1"]
        assert len(target.boots) == 3


class Unheard:
    """What the agent says it begins with, lost on its way."""

    def __get__(self, machine: BootMachine, kind: type[BootMachine]) -> int:
        return 0

    def __set__(self, machine: BootMachine, value: int) -> None:
        pass


def test_who_was_never_said_to_begin_is_not_accused(
    own_kernel: OwnKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BootMachine, "begun", Unheard(), raising=False)
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        target.start(programs([CREATE], [NAP], [CREATE]))
        with ending(target, reset, lambda _: target.finished == 1):
            seen = target.finish()
        assert [one.ending for one in seen] == ["finished"] * 3
        assert [lost.program for lost in target.failures] == [""]
        assert len(target.boots) == 2


def test_a_kernel_that_always_goes_down_is_given_up(own_kernel: OwnKernel) -> None:
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        target.start(programs([CREATE]))
        with (
            ending(target, kill, *[lambda _: True] * LOSSES_IN_A_ROW),
            pytest.raises(MachineLost, match="machine lost on x86_64"),
        ):
            target.finish()
        assert len(target.failures) == LOSSES_IN_A_ROW
        assert target.boots == []


def test_a_kernel_that_hangs(own_kernel: OwnKernel) -> None:
    described = own_kernel("x86_64")
    with ZirconTarget("own", described=described, time_limit_ns=10**9, grace=0.5) as target:
        target.start(programs([LONG_NAP], [CREATE]))
        assert target.machine is not None
        while target.machine.begun == 0:
            assert target.machine.wait(5) == []
        target.machine.qmp.execute("stop")
        seen = target.finish()
        assert [one.ending for one in seen] == ["lost", "finished"]
        (failure,) = target.failures
        assert len(target.boots) == 2
    assert failure.verdict == "guest hang"
    assert "RIP=" in failure.registers


def test_a_program_beyond_its_time_is_ended(own_kernel: OwnKernel) -> None:
    with ZirconTarget("own", described=own_kernel("x86_64"), time_limit_ns=10**8) as target:
        target.start(programs([nap(10**12)], [CREATE]))
        began = time.monotonic()
        assert [one.ending for one in target.finish()] == ["time_limit", "finished"]
    assert time.monotonic() - began < 60


def test_a_kernel_that_does_not_start(own_kernel: OwnKernel, tmp_path: Path) -> None:
    path = tmp_path / "kernel"
    path.write_bytes(b"no kernel")
    target = ZirconTarget("own", described=own_kernel("x86_64"), kernel=path)
    target.start(programs([CREATE]))
    with target, pytest.raises(InputError, match=f"{path}: the kernel does not start: "):
        target.finish()


def test_there_are_no_sessions(own_kernel: OwnKernel) -> None:
    target = ZirconTarget("own", described=own_kernel("x86_64"))
    with target, pytest.raises(MachineError, match="own: programs run from boot files"):
        target.open_session()


def test_no_machine_outlives_the_target(own_kernel: OwnKernel) -> None:
    with ZirconTarget("own", described=own_kernel("x86_64")) as target:
        target.start(programs([nap(10**10)]))
        assert target.machine is not None
        pid = target.machine.process.pid
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()
    target.close()


def test_a_run_over_both_ways(own_kernel: OwnKernel) -> None:
    """The main job with such a target: everything in one boot, counted like the others."""
    chosen = [case for case in built_in() if case.family == "eventpair"]
    runner = Runner(["host"])
    own = ZirconTarget("own", described=replace(own_kernel("x86_64"), name="own"))
    runner.targets.append(own)
    try:
        run = runner.compare(chosen)
    finally:
        runner.close()
        own.close()
    assert {verdict.outcome for verdict in run.all()} == {"agree"}
    assert [summary.programs for summary in run.targets] == [len(chosen)] * 2
    assert len(own.boots) == 1


def test_a_boot_file_system_beyond_the_first_gigabyte(own_kernel: OwnKernel) -> None:
    described = replace(own_kernel("x86_64"), name="own", memory_mib=2048)
    with ZirconTarget("own", described=described) as target:
        target.start(programs([CREATE]))
        (seen,) = target.finish()
    assert seen.ending == "finished"

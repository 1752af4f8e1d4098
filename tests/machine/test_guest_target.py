"""The guest targets on the real kernels: results, losses, sessions, resets."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from harness.errors import MachineError
from harness.machine import image
from harness.machine.machine import Machine
from harness.machine.transport import Limits
from harness.program.model import Arch, Program
from harness.program.parse import parse_list
from harness.targets.guest import LOSSES_IN_A_ROW, GuestTarget
from zxio_py import abi


def programs(count: int) -> list[Program]:
    """Programs of a millisecond or so each."""
    steps = [
        {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]},
        {"call": "zx_nanosleep", "args": [{"deadline": 1_000_000}]},
        {"call": "zx_handle_close", "args": [{"h": "e"}]},
    ]
    return parse_list([{"name": f"event_{i}", "steps": steps} for i in range(count)], "test")


@pytest.fixture
def target(arch: Arch) -> Iterator[GuestTarget]:
    with GuestTarget(arch) as guest:
        yield guest


def test_one_observation_per_program_in_order(target: GuestTarget) -> None:
    batch = programs(100)
    target.start(batch)
    seen = target.finish()
    assert [s.name for s in seen] == [p.name for p in batch]
    assert {s.ending for s in seen} == {"finished"}
    assert all(len(s.steps) == 3 for s in seen)


def test_an_empty_batch_is_no_trouble(target: GuestTarget) -> None:
    target.start([])
    assert target.finish() == []


def test_calls_for_debugging_are_there_where_a_program_wants_them(target: GuestTarget) -> None:
    step = {"call": "zx_debug_send_command", "args": [0, 0, 0]}
    wanted = [False, True, True, False, True]
    entries = [{"name": f"p{i}", "debugging": d, "steps": [step]} for i, d in enumerate(wanted)]
    batch = parse_list(entries, "test")
    for chosen in (batch, batch[:1], batch[1:2]):
        target.start(chosen)
        seen = target.finish()
        assert [s.name for s in seen] == [p.name for p in chosen]
        rets = [s.steps[0].ret for s in seen]
        statuses = {False: abi.ZX_ERR_NOT_SUPPORTED, True: abi.ZX_ERR_BAD_HANDLE}
        assert rets == [statuses[p.debugging] & 0xFFFFFFFF for p in chosen]
    target.reset()
    target.start(batch)
    assert [s.ending for s in target.finish()] == ["finished"] * len(batch)


@pytest.mark.parametrize("seed", range(3))
def test_killing_qemu_at_random_moments_loses_no_result(target: GuestTarget, seed: int) -> None:
    # Event-driven tests cannot choose a random moment: the timer is the point of this one.
    batch = programs(300)
    chance = random.Random(seed)
    target.start(batch)
    timers = [threading.Timer(chance.uniform(0.0, 0.4), _kill, (target,)) for _ in range(2)]
    for timer in timers:
        timer.start()
    seen = target.finish()
    for timer in timers:
        timer.join()
    assert [s.name for s in seen] == [p.name for p in batch]
    lost = [s for s in seen if s.ending == "lost"]
    assert len(lost) <= len(target.failures) <= 2
    for observed in seen:
        if observed.ending == "lost":
            assert "machine lost" in observed.error
        else:
            assert (observed.ending, len(observed.steps)) == ("finished", 3)
    for failure in target.failures:
        assert failure.verdict == "machine lost"
        assert failure.exit_status == -signal.SIGKILL


def _kill(target: GuestTarget) -> None:
    try:
        os.kill(target.machine.process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_a_stopped_cpu_is_a_hang_and_the_run_goes_on(arch: Arch) -> None:
    with GuestTarget(arch, limits=Limits(stalled=0.5, look=0.05)) as target:
        batch = programs(2)
        target.start(batch[:1])
        target.finish()
        target.machine.qmp.execute("stop")
        target.start(batch)
        seen = target.finish()
    assert len(seen) == 2
    assert [failure.verdict for failure in target.failures] == ["guest hang"]
    assert "clock stood still" in target.failures[0].reason
    assert target.failures[0].registers


def test_a_kernel_on_which_every_program_hangs_is_given_up(
    arch: Arch, built: Callable[[str, Arch], Path], tmp_path: Path
) -> None:
    kernel = tmp_path / "kernel.elf"
    kernel.write_bytes(built("hanging", arch).read_bytes())
    kernel.with_name("calls.json").write_text('{"implemented": []}')
    machine = Machine(dataclasses.replace(image.load(arch), kernel=kernel))
    limits = Limits(stalled=0.2, look=0.05)
    with GuestTarget(arch, machine=machine, limits=limits) as target:
        target.start(programs(10))
        with pytest.raises(MachineError, match="guest hang"):
            target.finish()
    assert [failure.verdict for failure in target.failures] == ["guest hang"] * LOSSES_IN_A_ROW


def test_a_kernel_panic_is_shown_with_function_file_and_line(target: GuestTarget) -> None:
    batch = programs(5)
    target.start(batch[:1])
    target.finish()
    _break_events(target)
    target.start(batch)
    seen = target.finish()
    assert [s.ending for s in seen] == ["lost", *["finished"] * 4]
    (failure,) = target.failures
    assert (failure.verdict, failure.program) == ("guest panic", batch[0].name)
    assert failure.panic is not None
    assert failure.panic.frames[0] == 0x123450
    assert any("sys_object_get_info" in frame for frame in failure.backtrace)
    assert any("guest/kernel/" in frame and ".c:" in frame for frame in failure.backtrace)


def _break_events(target: GuestTarget) -> None:
    """Make the kernel jump to nowhere when it is to end an event: its tables lie in RAM."""
    with target.image.kernel.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        (table,) = symbols.get_symbol_by_name("event_ops")
    answer = target.machine.qmp.monitor(f"gva2gpa {table['st_value']:#x}")
    physical = int(answer.removeprefix("gpa: "), 16)
    base = {"x86_64": 0, "arm64": 0x4000_0000}[target.arch]
    nowhere = struct.pack("<Q", 0x123450) * (table["st_size"] // 8)
    os.pwrite(target.machine.process.ram, nowhere, physical - base)


def test_reset_leaves_a_machine_that_works(target: GuestTarget) -> None:
    pid = target.machine.process.pid
    for _ in range(3):
        target.start(programs(2))
        assert [seen.ending for seen in target.finish()] == ["finished", "finished"]
        target.reset()
    assert target.machine.process.pid == pid
    target.start(programs(1))
    assert target.finish()[0].ending == "finished"


def test_missing_calls_are_those_the_build_did_not_find(target: GuestTarget) -> None:
    missing = target.missing_calls()
    assert "zx_channel_create" not in missing
    assert all(name.startswith("zx_") for name in missing)


def test_closing_ends_qemu(arch: Arch) -> None:
    target = GuestTarget(arch)
    pid = target.machine.process.pid
    target.close()
    target.close()
    assert not Path(f"/proc/{pid}").exists()

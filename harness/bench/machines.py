"""Measurements of one guest: start, reset, idling, memory, calls, round trips."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from harness.bench import programs
from harness.bench.figure import Figure, interleaved, seconds
from harness.errors import MachineError
from harness.machine import image
from harness.machine.image import Image
from harness.machine.machine import Machine
from harness.machine.qemu import QemuProcess
from harness.program.model import Program
from harness.targets.guest import GuestTarget

#: Start to first result, as a multiple of the floor.
START_RATIO = 1.6
RESET_MS = {"x86_64": 5.0, "arm64": 3.0}
IDLE_PERCENT = 3.0
ROUND_TRIP_US = 100.0
#: What a real Zircon kernel does in the same QEMU, per second.
ZIRCON_NULL_CALLS = {"x86_64": 3.0e6, "arm64": 0.65e6}
ZIRCON_CHANNEL_PAIRS = {"x86_64": 340e3, "arm64": 170e3}


def measure(name: str, rounds: int) -> Iterator[Figure]:
    """Every measurement of the guest *name*."""
    described = image.load(name)
    yield from _start(described, rounds)
    with GuestTarget(name) as target:
        _run(target, programs.small())
        yield from _reset(target, rounds)
        yield from _idle(target)
        yield from _calls(target)
        yield from _round_trip(target)
        resident = target.resident / 2**20
        yield Figure("resident memory of QEMU", name, resident, "MiB")
        yield Figure("guest memory", name, described.memory_mib, "MiB", 64)


def _start(described: Image, rounds: int) -> Iterator[Figure]:
    """QEMU's start to the first program's result, and to the end of a guest that does nothing."""
    floor = described.kernel.with_name("floor.elf")
    small = programs.small()

    def floor_time() -> float:
        began = time.perf_counter()
        process = QemuProcess(described, kernel=floor)
        status = process.wait(60)
        elapsed = time.perf_counter() - began
        process.close()
        if status is None:
            raise MachineError(f"{floor}: the guest did not leave")
        return elapsed

    def first_result() -> float:
        began = time.perf_counter()
        with GuestTarget(described.name) as target:
            _run(target, small)
            return time.perf_counter() - began

    first_result()  # imports, encodes, fills the file cache
    times = interleaved(rounds, floor=floor_time, first=first_result)
    name = described.name
    yield Figure("start to exit of an empty guest (floor)", name, times["floor"] * 1e3, "ms")
    yield Figure("start to first result", name, times["first"] * 1e3, "ms")
    ratio = times["first"] / times["floor"]
    yield Figure("start to first result / floor", name, ratio, "x", START_RATIO)


def _reset(target: GuestTarget, rounds: int) -> Iterator[Figure]:
    times = [seconds(target.reset) for _ in range(rounds + 1)][1:]
    median = statistics.median(times) * 1e3
    yield Figure("system_reset to ready", target.name, median, "ms", RESET_MS[target.name])


def _idle(target: GuestTarget) -> Iterator[Figure]:
    _run(target, programs.small())
    machine: Machine = target.machine
    cpu, began = machine.process.cpu_seconds(), time.monotonic()
    machine.wait(2.0)  # nothing comes: the guest has nothing to do
    used = machine.process.cpu_seconds() - cpu
    percent = 100 * used / (time.monotonic() - began)
    yield Figure("CPU of an idle guest", target.name, percent, "%", IDLE_PERCENT)


def _calls(target: GuestTarget) -> Iterator[Figure]:
    name = target.name
    rate = _rate(target, programs.null_calls(1000), programs.null_calls(501_000), 500_000)
    zircon = ZIRCON_NULL_CALLS[name]
    yield Figure("null calls in the guest", name, rate, "/s", zircon, "more", "real Zircon")
    rate = _rate(target, programs.channel_pairs(1000), programs.channel_pairs(51_000), 50_000)
    zircon = ZIRCON_CHANNEL_PAIRS[name]
    yield Figure(
        "channel write+read of 64 bytes in the guest",
        name,
        rate,
        "/s",
        zircon,
        "more",
        "real Zircon",
    )


def _rate(target: GuestTarget, few: Program, many: Program, more: int) -> float:
    """Calls per second, from the time that *more* calls take; best of several rounds."""
    _run(target, few)
    _run(target, many)
    return max(
        more / (seconds(lambda: _run(target, many)) - seconds(lambda: _run(target, few)))
        for _ in range(5)
    )


def _round_trip(target: GuestTarget) -> Iterator[Figure]:
    small = programs.small()
    times = sorted(seconds(lambda: _run(target, small)) for _ in range(500))
    median, late = statistics.median(times) * 1e6, times[len(times) * 99 // 100] * 1e6
    note = f"p99 {late:.0f} us"
    yield Figure(
        "one small program, host to result", target.name, median, "us", ROUND_TRIP_US, note=note
    )


def _run(target: GuestTarget, program: Program) -> None:
    target.start([program])
    (seen,) = target.finish()
    if seen.ending != "finished":
        raise MachineError(f"{target.name}: {program.name}: {seen.ending}: {seen.error}")
    for step, observed in zip(program.steps, seen.steps, strict=True):
        if observed.missing or (step.ret == "status" and observed.ret & 0xFFFFFFFF):
            raise MachineError(f"{target.name}: {program.name}: {step.call} failed")

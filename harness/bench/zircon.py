"""Measurements of a real Zircon kernel that the user brings, beside those of our guests."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

from harness.bench import programs
from harness.bench.figure import Figure
from harness.errors import MachineError
from harness.machine import image
from harness.machine.boot import BootMachine
from harness.program.decode import decode_result, elapsed_ns, result_payload
from harness.program.encode import encode_program
from harness.program.model import Arch, Program
from harness.targets.zircon import read_agent

#: Boots that are timed at most: each takes half a second.
BOOTS = 5
#: Seconds a boot and its programs may take.
LIMIT = 60.0


def measure(name: str, kernel: Path, rounds: int) -> Iterator[Figure]:
    """Start and rates of *kernel* on the machine of the image *name*.

    The programs' calls have the same form in every edition, so they run as they are.
    """
    ready: list[float] = []
    first: list[float] = []
    for _ in range(min(rounds, BOOTS)):
        ready_after, result_after, _ = _boot(name, kernel, [programs.small()])
        ready.append(ready_after)
        first.append(result_after)
    yield Figure("start to first process", name, statistics.median(ready) * 1e3, "ms")
    yield Figure("start to first result", name, statistics.median(first) * 1e3, "ms")
    yield _rate(
        "null calls in the guest",
        name,
        kernel,
        (programs.null_calls(1000), programs.null_calls(501_000)),
        500_000,
    )
    yield _rate(
        "channel write+read of 64 bytes in the guest",
        name,
        kernel,
        # Few: where that kernel's arm64 edition has a stack in a page that held code, QEMU takes
        # its slow path at each store, and a program 25 times as long.
        (programs.channel_pairs(1000), programs.channel_pairs(21_000)),
        20_000,
    )


def _rate(what: str, name: str, kernel: Path, pair: tuple[Program, Program], more: int) -> Figure:
    """Calls per second of guest time, from what *more* calls take; best of several rounds."""
    few, many = pair
    _, _, times = _boot(name, kernel, [few, many] * 5)
    taken = min(times[1::2]) - min(times[::2])
    return Figure(what, name, more / (taken / 1e9), "/s", better="more")


def _boot(name: str, kernel: Path, run: Sequence[Program]) -> tuple[float, float, list[int]]:
    """Seconds until the agent was ready and until the first result, and each program's ns."""
    described = image.load(name)
    arch = cast(Arch, described.architecture)
    payloads = [encode_program(program, arch) for program in run]
    machine = BootMachine(described, read_agent(arch), payloads, kernel=kernel)
    try:
        times: list[int] = []
        first = 0.0
        while len(times) < len(run):
            for record in machine.wait(LIMIT):
                first = first or time.monotonic() - machine.started
                payload = result_payload(record)
                seen = decode_result(run[len(times)], payload, arch)
                if seen.ending != "finished":
                    raise MachineError(f"{name}: {seen.name}: {seen.ending}: {seen.error}")
                times.append(elapsed_ns(payload))
            if machine.ended or time.monotonic() - machine.started > LIMIT:
                raise MachineError(machine.failure("machine lost", "no result").text())
        return machine.ready_after or first, first, times
    finally:
        machine.close()

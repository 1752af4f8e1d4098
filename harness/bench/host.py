"""Measurements of the host emulation against what Python offers for the same purpose."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from typing import cast

from harness.bench.figure import Figure, interleaved, seconds
from zxio_py.kernel import Door, Kernel

#: Pairs of write and read per round.
PAIRS = 20_000

#: Pairs per second that the emulation aims at.
AIM = 1.5e6

_MESSAGE = bytes(range(64))


def measure(rounds: int) -> Iterator[Figure]:
    """A message of 64 bytes written and read back, in one thread."""
    times = interleaved(
        rounds, emulation=_emulation(), pipe=_os_pipe(), connection=_multiprocessing_pipe()
    )
    rates = {name: PAIRS / elapsed for name, elapsed in times.items()}
    what = "write+read of 64 bytes"
    yield Figure(f"os.pipe {what}", "host", rates["pipe"], "/s")
    yield Figure(f"multiprocessing.Pipe {what}", "host", rates["connection"], "/s")
    yield Figure(f"emulated channel {what}", "host", rates["emulation"], "/s", AIM, "more", "aim")
    for name, other in (("pipe", "os.pipe"), ("connection", "multiprocessing.Pipe")):
        ratio = rates["emulation"] / rates[name]
        yield Figure(f"emulated channel / {other}", "host", ratio, "x", 1.0, "more")


def _emulation() -> Callable[[], float]:
    zx = Door(Kernel().create_process("bench"))
    first, second = cast(tuple[int, int], zx.channel_create(0))
    write, read = zx.channel_write, zx.channel_read

    def pairs() -> None:
        for _ in range(PAIRS):
            write(first, 0, _MESSAGE, ())
            read(second, 0, 64, 0)

    return lambda: seconds(pairs)


def _os_pipe() -> Callable[[], float]:
    reading, writing = os.pipe()

    def pairs() -> None:
        for _ in range(PAIRS):
            os.write(writing, _MESSAGE)
            os.read(reading, 64)

    return lambda: seconds(pairs)


def _multiprocessing_pipe() -> Callable[[], float]:
    first, second = multiprocessing.Pipe()

    def pairs() -> None:
        for _ in range(PAIRS // 4):
            first.send_bytes(_MESSAGE)
            second.recv_bytes()

    return lambda: 4 * seconds(pairs)

"""Batches through the shared memory, and what a machine that stops answering comes to."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import pytest

from harness.machine import layout
from harness.machine.machine import Machine
from harness.machine.transport import (
    BATCH_RECORDS,
    Limits,
    Request,
    Stopped,
    Transport,
    fits,
)
from harness.program.wire import Record

QUICK = Limits(guest_ns=100_000_000, stalled=0.3, look=0.05)


def echoes(count: int, size: int = 20) -> list[Request]:
    return [Request(1, b"e%d:" % i + bytes(i % 251 for i in range(size))) for i in range(count)]


def echoed(results: Sequence[Record | None]) -> list[Request]:
    """The requests that results repeat."""
    return [Request(record.kind, record.payload) for record in results if record is not None]


def test_every_request_gets_its_result_in_order(faulty: Machine) -> None:
    transport = Transport(faulty)
    requests = echoes(5 * BATCH_RECORDS + 3)
    transport.begin(requests)
    assert echoed(transport.finish()) == requests
    assert transport.finished == len(requests)


def test_large_requests_are_split_over_batches(faulty: Machine) -> None:
    transport = Transport(faulty)
    requests = [Request(1, b"e" + bytes(400_000)) for _ in range(5)]
    transport.begin(requests)
    assert echoed(transport.finish()) == requests


def test_a_request_larger_than_a_slot_is_refused(faulty: Machine) -> None:
    payload = bytes(layout.REQUEST_SIZE)
    assert not fits(payload)
    with pytest.raises(ValueError, match="larger than a slot"):
        Transport(faulty).begin([Request(1, payload)])


def test_what_a_full_result_area_left_undone_is_sent_again(faulty: Machine) -> None:
    transport = Transport(faulty)
    requests = [Request(1, b"l%d" % i) if i % 3 == 0 else Request(1, b"e%d" % i) for i in range(50)]
    transport.begin(requests)
    assert echoed(transport.finish()) == requests


def test_text_on_the_console_is_no_doorbell_and_no_result(faulty: Machine) -> None:
    transport = Transport(faulty)
    requests = [Request(1, b"tpassed: everything\n"), Request(1, b"e")]
    transport.begin(requests)
    assert echoed(transport.finish()) == requests
    while "passed: everything" not in faulty.console.tail():  # the line is slower than the memory
        assert faulty.wait(10)


@pytest.mark.parametrize(
    ("order", "verdict", "reason"),
    [
        (b"p", "guest panic", "asked to panic"),
        (b"h", "guest hang", "clock stood still"),
        (b"s", "guest hang", "of guest time"),
        (b"r", "machine lost", "restarted by itself"),
        (b"d", "machine lost", "is damaged"),
    ],
)
def test_verdicts(faulty: Machine, order: bytes, verdict: str, reason: str) -> None:
    transport = Transport(faulty, QUICK)
    before, after = echoes(BATCH_RECORDS + 5), echoes(40)
    transport.begin([*before, Request(1, order), *after])
    with pytest.raises(Stopped) as stopped:
        transport.finish()
    failure = stopped.value.failure
    assert failure.verdict == verdict
    assert reason in failure.reason
    assert stopped.value.index == len(before)
    assert echoed(transport.results[: len(before)]) == before
    assert transport.results[len(before)] is None
    assert "-kernel" in failure.command
    assert failure.console[0] == "faulty guest"
    assert failure.exit_status is None


def test_a_guest_that_prints_for_ever_hangs_all_the_same(faulty: Machine) -> None:
    transport = Transport(faulty, QUICK)
    transport.begin([Request(1, b"e"), Request(1, b"f")])
    with pytest.raises(Stopped) as stopped:
        transport.finish()
    assert (stopped.value.failure.verdict, stopped.value.index) == ("guest hang", 1)


def test_a_panic_is_shown_with_function_file_and_line(faulty: Machine) -> None:
    transport = Transport(faulty)
    transport.begin([Request(1, b"p")])
    with pytest.raises(Stopped) as stopped:
        transport.finish()
    failure = stopped.value.failure
    assert failure.panic is not None
    first = layout.REGISTERS[faulty.image.architecture][0]
    assert failure.panic.registers == {first: 0x1234}
    assert "panic+0x" in failure.backtrace[0]
    assert "faulty.c:" in failure.backtrace[0]
    assert failure.backtrace[0] in failure.text()


def test_registers_of_a_hung_guest_are_read(faulty: Machine) -> None:
    transport = Transport(faulty, QUICK)
    transport.begin([Request(1, b"h")])
    with pytest.raises(Stopped) as stopped:
        transport.finish()
    assert {"x86_64": "EIP=", "arm64": "PC="}[faulty.image.architecture] in (
        stopped.value.failure.registers
    )


@pytest.mark.parametrize("done", [0, 1, 40])
def test_a_killed_qemu_is_a_lost_machine(faulty: Machine, done: int) -> None:
    transport = Transport(faulty)
    before = echoes(done)
    transport.begin([*before, Request(1, b"h"), *echoes(40)])
    while transport.finished < done:
        faulty.wait(1)
    os.kill(faulty.process.pid, signal.SIGKILL)
    with pytest.raises(Stopped) as stopped:
        transport.finish()
    assert stopped.value.failure.verdict == "machine lost"
    assert stopped.value.failure.exit_status == -signal.SIGKILL
    assert echoed(transport.results[:done]) == before
    assert stopped.value.index in (None, done)

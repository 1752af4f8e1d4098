"""Hostile records: the agent answers each with one refusal or one result and goes on."""

from __future__ import annotations

import random

import pytest

from harness.program import wire
from harness.program.decode import comparable
from harness.program.encode import encode_program
from harness.program.model import Number, OutHandles, Program, Step
from harness.targets.guest import GuestTarget

PROGRAM = Program("p", (Step("zx_event_create", (Number(0, 0), OutHandles(("e",)))),), slots=("e",))


@pytest.fixture
def good(guest: GuestTarget) -> bytes:
    """A payload that is as it must be."""
    return encode_program(PROGRAM, guest.arch, limit_ns=100_000_000)


def answer(guest: GuestTarget, kind: int, payload: bytes) -> bytes | str:
    """The result's payload, or why the record was refused."""
    try:
        return guest.exchange(kind, payload)
    except wire.WireError as error:
        return str(error)


def test_records_that_cannot_be_are_refused(guest: GuestTarget, good: bytes) -> None:
    malformed = "it is not well formed"
    for kind, payload, reason in (
        (wire.KIND_PROGRAM, b"", malformed),
        (wire.KIND_PROGRAM, good[:-8], malformed),
        (wire.KIND_PROGRAM, good + bytes(8), malformed),
        (77, good, malformed),
        (wire.KIND_PROGRAM, bytes(len(good)), "it is for another build of the agent"),
        (wire.KIND_STEP, good, "its session is not open"),
    ):
        assert reason in str(answer(guest, kind, payload))
        assert reason in wire.REFUSALS


def test_whatever_the_bytes_each_record_has_one_answer(guest: GuestTarget, good: bytes) -> None:
    chance = random.Random(20221)
    refused = 0
    for _ in range(150):
        payload = bytearray(good)
        for _change in range(chance.randint(1, 6)):
            payload[chance.randrange(4, len(payload))] = chance.randrange(256)
        payload[32:40] = (20_000_000).to_bytes(8, "little")  # the time limit stays short
        refused += isinstance(answer(guest, wire.KIND_PROGRAM, bytes(payload)), str)
    assert 0 < refused < 150
    result = guest.exchange(wire.KIND_PROGRAM, good)
    assert result[wire.RESULT_VOLATILE] == wire.ENDINGS.index("finished")


def test_equal_results_are_equal_bytes(guest: GuestTarget, good: bytes) -> None:
    first, second = (guest.exchange(wire.KIND_PROGRAM, good) for _ in range(2))
    assert first != second  # the times
    assert comparable(first) == comparable(second)

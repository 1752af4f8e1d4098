"""Results of rewritten programs, put back into the form of late 2022."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from edition_steps import call, program, rewritten, seen

from harness.edition.restore import job_signals
from harness.edition.rewrite import Rewritten, rewrite
from harness.program.normalise import normalise
from harness.program.observation import (
    HandleInfo,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

CALL_FAILED = -5
PEER_CLOSED = abi.CONSTANTS["ZX_ERR_PEER_CLOSED"]


def restored(made: Rewritten, *steps: StepObservation, **more: Any) -> ProgramObservation:
    return made.restore(ProgramObservation("p", steps=list(steps), **more))


def result(made: Rewritten, *steps: StepObservation) -> list[dict[str, Any]]:
    steps_of: list[dict[str, Any]] = normalise(made.original, restored(made, *steps))["steps"]
    return steps_of


def u32(value: int) -> bytes:
    return (value & 0xFFFFFFFF).to_bytes(4, "little")


def stored(kind: int, rights: int) -> StoredHandle:
    return StoredHandle("handle", HandleInfo(7, kind, rights, 0))


# ---- argument numbers and statuses


def test_outs_get_their_argument_numbers_back() -> None:
    made = rewritten(call("zx_vmar_map", {"h": "$vmar"}, 3, 0, {"h": "$vdso"}, 0, 4096, {"out": 8}))
    index = next(i for i, s in enumerate(made.program.steps) if s.call == "zx_vmar_map")
    steps = [seen() for _ in range(index)] + [seen(_6=b"\1" * 8)]
    assert result(made, *steps)[0]["outs"] == {"6": "01" * 8}
    made = rewritten(call("zx_fifo_read", 3, 8, {"out": 8}, 1, {"out": 8}))
    step = result(made, seen(_1=b"\2" * 8, _3=u32(1) + b"\xa5" * 4))[0]
    assert step["outs"] == {"2": "02" * 8, "4": "0100000000000000"}


def test_a_count_that_was_not_written_is_untouched() -> None:
    made = rewritten(call("zx_fifo_read", 3, 8, {"out": 8}, 1, {"out": 8, "name": "n"}))
    failed = seen(PEER_CLOSED, _1=b"\xa5" * 8, _3=b"\xa5" * 4 + bytes(4))
    assert result(made, failed)[0]["outs"] == {"2": ".8", "4": ".8"}


@pytest.mark.parametrize(
    ("status", "read_status", "there"),
    [
        (CALL_FAILED, PEER_CLOSED, PEER_CLOSED),
        (PEER_CLOSED, CALL_FAILED, PEER_CLOSED),
        (0, CALL_FAILED, 0),
    ],
)
def test_the_cause_of_a_failed_call(status: int, read_status: int, there: int) -> None:
    made = rewritten(call("zx_channel_call", 3, 0, 5, {"in": {"zero": 48}}, {"out": 4}, {"out": 4}))
    step = result(made, seen(status, _4=u32(1), _5=u32(0), _6=u32(read_status)))[0]
    assert step["status"] == there
    assert set(step["outs"]) == {"4", "5"}


def test_the_editions_own_buffers_do_not_show() -> None:
    made = rewritten(call("zx_cprng_draw", {"out": 2}, 2))
    assert result(made, seen(0, _0=b"ab", _2=bytes(8)))[0] == {
        "call": "zx_cprng_draw",
        "outs": {"0": "6162"},
    }


# ---- signals


@pytest.mark.parametrize(
    ("there", "here"), [(0, 0), (8, 32), (16, 16), (24, 112), (1 << 24 | 8, 1 << 24 | 32)]
)
def test_job_signals(there: int, here: int) -> None:
    assert job_signals(there) == here
    made = rewritten(call("zx_object_wait_one", {"h": "$job"}, 16, 0, {"out": 4}))
    assert result(made, seen(_3=u32(there)))[0]["outs"] == {"3": u32(here).hex()}


def test_job_signals_that_were_not_written() -> None:
    made = rewritten(call("zx_object_wait_one", {"h": "$job"}, 16, 0, {"out": 4}))
    assert result(made, seen(-11, _3=b"\xa5" * 4))[0]["outs"] == {"3": ".4"}


def test_job_signals_in_wait_items() -> None:
    items = [{"h": "$proc"}, {"u32": 8}, {"u32": 0}, {"h": "$job"}, {"u32": 16}, {"u32": 0}]
    made = rewritten(call("zx_object_wait_many", {"inout": items}, 2, 0))
    written = bytes(8) + u32(8) + bytes(8) + u32(24)
    step = result(made, seen(_0=written))[0]
    assert step["outs"] == {"0": (bytes(8) + u32(8) + bytes(8) + u32(112)).hex()}


def test_job_signals_in_packets() -> None:
    made = rewritten(
        call("zx_object_wait_async", {"h": "$job"}, 3, 77, 16, 0),
        call("zx_port_wait", 3, 0, {"out": 48}),
    )

    def packet(key: int, signals: int) -> bytes:
        head = key.to_bytes(8, "little") + u32(1) + u32(0)
        return head + u32(16) + u32(signals) + bytes(24)

    steps = result(made, seen(), seen(_2=packet(77, 24)))
    assert steps[1]["outs"] == {"2": packet(77, 112).hex()}
    steps = result(made, seen(), seen(_2=packet(78, 24)))
    assert steps[1]["outs"] == {"2": packet(78, 24).hex()}


def test_packets_are_told_apart_by_key_and_signals() -> None:
    """Where they differ by architecture, or two waits have one key."""
    key, signals = {"x86_64": 5, "arm64": 6}, {"x86_64": "ZX_JOB_NO_JOBS", "arm64": 32}
    made = rewritten(
        call("zx_object_wait_async", {"h": "$job"}, 3, key, signals, 0),
        call("zx_object_wait_async", {"h": "$job"}, 3, 5, 48, 0),
        call("zx_object_wait_async", 9, 3, 5, 4, 0),
        call("zx_port_wait", 3, 0, {"out": 48}),
    )

    def packet(key: int, waited: int, signals: int) -> bytes:
        return struct.pack("<QIiII24x", key, 1, 0, waited, signals)

    for there, here in (
        (packet(5, 16, 24), packet(5, 16, 112)),
        (packet(6, 8, 24), packet(6, 32, 112)),
        (packet(5, 24, 24), packet(5, 48, 112)),
        (packet(5, 4, 12), packet(5, 4, 12)),
    ):
        steps = result(made, seen(), seen(), seen(), seen(_2=there))
        assert steps[3]["outs"] == {"2": here.hex()}


# ---- records


def test_the_last_word_of_a_handles_record_is_reserved() -> None:
    made = rewritten(call("zx_object_get_info", 3, 2, {"out": 32}, 32, 0, 0))
    record = bytes(range(24)) + u32(1) + b"junk"
    step = result(made, seen(_2=record))[0]
    assert step["outs"] == {"2": (bytes(range(24)) + bytes(8)).hex()}


def test_a_process_record_grows() -> None:
    made = rewritten(call("zx_object_get_info", 3, "ZX_INFO_PROCESS", {"out": 32}, 32, 0, 0))
    old = u32(-9) + bytes((1, 1, 0, 0x77))
    step = result(made, seen(_2=old + b"\xa5" * 24))[0]
    new = (-9).to_bytes(8, "little", signed=True) + bytes(8) + u32(3) + bytes(4)
    assert step["outs"] == {"2": new.hex() + ".8"}


def test_a_record_that_was_not_written_is_untouched() -> None:
    made = rewritten(call("zx_object_get_info", 3, "ZX_INFO_PROCESS", {"out": 24}, 20, 0, 0))
    step = result(made, seen(abi.CONSTANTS["ZX_ERR_BUFFER_TOO_SMALL"], _2=b"\xa5" * 24))[0]
    assert step["outs"] == {"2": ".24"}


def test_masks_hold_for_the_record_of_2022() -> None:
    made = rewritten(
        call("zx_object_get_info", 3, "ZX_INFO_PROCESS", {"out": 24, "mask": [[8, 8]]}, 24, 0, 0)
    )
    step = result(made, seen(_2=bytes(4) + bytes((1, 0, 0, 0)) + b"\xa5" * 16))[0]
    assert step["outs"] == {"2": bytes(8).hex() + "??" * 8 + (u32(1) + bytes(4)).hex()}


def test_nothing_comes_after_a_name() -> None:
    made = rewritten(call("zx_object_get_property", 3, "ZX_PROP_NAME", {"out": 32}, 32))
    step = result(made, seen(_2=b"name\0" + b"old stack" * 3))[0]
    assert step["outs"] == {"2": (b"name".ljust(32, b"\0")).hex()}


# ---- narrowed handles


def test_a_new_handle_has_the_narrowed_rights() -> None:
    made = rewritten(call("zx_event_create", 0, {"out_handle": "e"}), call("zx_handle_close", 0))
    wide = StepObservation(handles={"e": stored(5, 0xD00F)}, live=("e",))
    narrow = StepObservation(handles={"e": stored(5, 0xD003)}, live=("e",))
    steps = result(made, wide, narrow, seen())
    assert len(steps) == 2
    assert steps[0]["handles"]["e"]["rights"] == abi.rights_names(0xD003)
    # Where narrowing failed, the rights are what they are.
    steps = result(made, wide, StepObservation(ret=-1), seen())
    assert steps[0]["handles"]["e"]["rights"] == abi.rights_names(0xD00F)


def test_a_failed_step_has_no_handle_of_the_one_before() -> None:
    made = rewritten(
        call("zx_event_create", 0, {"out_handle": "e"}),
        call("zx_event_create", 1, {"out_handle": "e"}),
    )
    event = StepObservation(handles={"e": stored(5, 0xD003)}, live=("e",))
    failed = StepObservation(ret=-10, handles={"e": StoredHandle("untouched", None)}, live=("e",))
    assert result(made, event, event, failed, event)[1]["handles"] == {"e": "untouched"}


def test_a_program_that_ended_early() -> None:
    made = rewritten(call("zx_event_create", 0, {"out_handle": "e"}), call("zx_handle_close", 0))
    assert len(result(made, StepObservation(handles={"e": stored(5, 0xD00F)}))) == 1
    assert result(made) == []


def test_given_handles_have_the_narrowed_rights() -> None:
    made = rewritten(call("zx_handle_close", {"h": "$resource"}))
    narrow = StepObservation(handles={"$resource": stored(15, 0x800B)})
    given = {"$resource": stored(15, 0xD00F)}
    back = restored(made, narrow, seen(), given=given)
    info = back.given["$resource"].info
    assert info is not None
    assert info.rights == 0x800B
    assert len(back.steps) == 1


def test_helpers_are_put_back() -> None:
    text = program(
        call("$spawn", "t"),
        call("$join", "t"),
        threads={"t": [call("zx_port_wait", 3, 0, {"out": 48})]},
    )
    made = rewrite(text, EDITION_2018)
    assert isinstance(made, Rewritten)
    back = restored(made, seen(), seen(), threads={"t": [seen(_2=bytes(48))]})
    assert normalise(text, back)["threads"]["t"][0]["outs"] == {"2": "00" * 48}

"""Records between host and agent: what is written is read back, and nothing broken gets through."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import programs

from harness.errors import ZxhError
from harness.machine import layout
from harness.program import decode, encode, step_encoder, wire
from harness.program.decode import comparable, decode_result, result_payload
from harness.program.encode import EncodedPrograms, SessionEncoder, encode_program
from harness.program.model import Arch, Number, OutHandles, Program, Step
from harness.program.observation import (
    Captured,
    HandleInfo,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from harness.program.parse import parse_programs
from zxio_py.abi.model import Struct

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")
SLOTS = ("$zero", "$job", "a", "b", "c")
PROGRAM = Program("p", (), {"t": ()}, slots=SLOTS)


# ---- the definition ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (wire.PROGRAM, encode._PROGRAM),
        (wire.THREAD, encode._THREAD),
        (wire.STEP, step_encoder._STEP),
        (wire.ARGUMENT, step_encoder._ARGUMENT),
        (wire.REPORT, step_encoder._REPORT),
        (wire.RESULT, decode._RESULT),
        (wire.STEP_RESULT, decode._STEP_RESULT),
        (wire.OUT, decode._OUT),
        (wire.HANDLE, decode._HANDLE),
        (layout.RECORD, wire._RECORD),
    ],
)
def test_packed_forms_have_the_size_that_the_c_structures_have(
    shape: Any, code: struct.Struct
) -> None:
    assert code.size == shape.size == sum(field.size for field in shape.fields)


def test_every_function_has_a_number_of_its_own() -> None:
    assert len(set(wire.FUNCTIONS)) == len(wire.FUNCTIONS) < wire.FUNCTION_PSEUDO


def test_a_program_with_the_largest_results_fits_the_result_area() -> None:
    steps = tuple(Step("$buf") for _ in range(4096))
    payload = encode_program(
        Program("p", steps, slots=tuple(f"s{n}" for n in range(1024))), "arm64"
    )
    header = encode._PROGRAM.unpack_from(payload)
    assert header[11] + wire.RESULT.size < layout.RESULT_SIZE


# ---- records -----------------------------------------------------------------------------


@given(st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=100), st.binary())
def test_a_record_is_read_back(kind: int, sequence: int, payload: bytes, behind: bytes) -> None:
    data = wire.make_record(kind, sequence, payload)
    assert len(data) % 8 == 0
    record = wire.read_record(data + behind, 0)
    assert record == wire.Record(kind, sequence, payload, len(data))


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_changed_byte_is_noticed(payload: bytes, data: st.DataObject) -> None:
    record = bytearray(wire.make_record(wire.KIND_RESULT, 7, payload))
    place = data.draw(st.integers(16, 15 + len(payload)))
    record[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(wire.WireError, match="wrong checksum"):
        wire.read_record(bytes(record), 0)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_record_or_an_error(data: bytes) -> None:
    try:
        record = wire.read_record(data, 0)
    except wire.WireError:
        return
    assert wire.make_record(record.kind, record.sequence, record.payload)[:16] == data[:16]


def test_a_record_longer_than_the_area_is_an_error() -> None:
    data = wire.make_record(wire.KIND_RESULT, 1, bytes(64))
    with pytest.raises(wire.WireError, match="64 bytes long, 63 there"):
        wire.read_record(data[:-1], 0)


@pytest.mark.parametrize("reason", range(1, len(wire.REFUSALS)))
def test_a_refusal_says_why(reason: int) -> None:
    record = wire.Record(wire.KIND_REFUSED, 3, reason.to_bytes(8, "little"), 0)
    with pytest.raises(wire.WireError, match=f"record 3: {wire.REFUSALS[reason]}"):
        result_payload(record)


# ---- programs ----------------------------------------------------------------------------


def walk(payload: bytes) -> list[list[tuple[int, int]]]:
    """(function, arguments) of the steps of each thread, found by the lengths alone."""
    header = encode._PROGRAM.unpack_from(payload)
    helpers, edges, storages = header[3], header[7], header[16]
    at = wire.PROGRAM.size
    threads = []
    for _ in range(1 + helpers):
        threads.append(encode._THREAD.unpack_from(payload, at))
        at += wire.THREAD.size
    at += (edges + storages + 1) // 2 * 8
    found = []
    for count, size, _result, _padding in threads:
        end = at + size
        steps = []
        for _ in range(count):
            step = step_encoder._STEP.unpack_from(payload, at)
            steps.append((step[0], step[1]))
            at += step[7]
        assert at == end
        found.append(steps)
    assert at == len(payload)
    return found


@settings(deadline=None)
@given(programs())
def test_every_program_can_be_sent(document: Any) -> None:
    (program,) = parse_programs(json.dumps([document]).encode(), "x")
    for arch in ARCHES:
        payload = encode_program(program, arch)
        assert len(payload) % 8 == 0
        main, *helpers = walk(payload)
        assert len(main) == len(program.steps)
        for steps, found in zip(program.threads.values(), helpers, strict=True):
            assert len(found) == len(steps)
        for step, (function, count) in zip(program.steps, main, strict=True):
            assert count == len(step.args)
            if not step.is_pseudo:
                assert wire.FUNCTIONS[function] == step.call


def test_numbers_by_architecture_go_to_their_guest() -> None:
    program = Program("p", (Step("zx_nanosleep", (Number(3, 5),)),))
    last = wire.ARGUMENT.size
    assert encode_program(program, "x86_64")[-last:] != encode_program(program, "arm64")[-last:]
    assert encode_program(program, "arm64")[-8:] == (5).to_bytes(8, "little")


def test_a_missing_call_is_not_sent_as_a_call() -> None:
    program = Program("p", (Step("zx_nanosleep"), Step("zx_event_create")))
    (steps,) = walk(encode_program(program, "x86_64", {"zx_nanosleep"}))
    assert steps[0][0] == wire.FUNCTION_MISSING
    assert steps[1][0] == wire.FUNCTIONS.index("zx_event_create")


def test_a_program_is_encoded_once() -> None:
    known = EncodedPrograms("x86_64", remembered=2)
    first, second, third = (Program(name, (Step("zx_nanosleep"),)) for name in "abc")
    payload = known.encode(first)
    assert known.encode(first) is payload
    known.encode(second)
    known.encode(third)
    assert known.encode(first) is not payload


def test_a_session_numbers_its_slots_as_they_come() -> None:
    session = SessionEncoder("x86_64", given=("$job",))
    session.open()
    session.step(Step("zx_event_create", (Number(0, 0), OutHandles(("e",)))))
    session.step(Step("zx_channel_create", (Number(0, 0), OutHandles(("a",)), OutHandles(("b",)))))
    assert session.slots == ("$job", "e", "a", "b")


def test_a_session_without_room_says_so() -> None:
    session = SessionEncoder("x86_64")
    session.open()
    slots = tuple(f"s{number}" for number in range(SessionEncoder.SLOTS + 1))
    with pytest.raises(ZxhError, match="no room"):
        session.step(Step("zx_channel_read", (OutHandles(slots),)))


# ---- results -----------------------------------------------------------------------------


def write_handles(handles: dict[str, StoredHandle]) -> bytes:
    parts = []
    for slot, stored in handles.items():
        info = stored.info or HandleInfo(0, 0, 0, 0)
        parts.append(
            decode._HANDLE.pack(
                SLOTS.index(slot),
                wire.HANDLE_STATES.index(stored.state),
                info.type,
                info.rights,
                info.koid,
                info.related_koid,
                0,
            )
        )
    return b"".join(parts)


def write_steps(steps: list[StepObservation]) -> bytes:
    parts = []
    for step in steps:
        flags = wire.STEP_MISSING if step.missing else 0
        if step.elapsed_at_least_min is not None:
            flags |= wire.STEP_HAS_ELAPSED
            flags |= wire.STEP_ELAPSED if step.elapsed_at_least_min else 0
        live = b""
        if step.live is not None:
            flags |= wire.STEP_HAS_LIVE
            live = sum(1 << SLOTS.index(slot) for slot in step.live).to_bytes(8, "little")
        parts.append(
            decode._STEP_RESULT.pack(
                flags,
                wire.FAULTS.index(step.fault),
                len(step.outs),
                len(step.handles),
                len(live),
                step.ret,
            )
        )
        parts.append(write_handles(dict(step.handles)))
        for index, out in step.outs.items():
            parts.append(decode._OUT.pack(index, len(out.data), out.size, 0, out.fnv1a))
            parts.append(out.data + bytes(-len(out.data) % 8))
        parts.append(live)
    return b"".join(parts)


def write_result(seen: ProgramObservation, elapsed: int = 0) -> bytes:
    """The payload an agent would send, for the endings that carry no text."""
    counts = [len(seen.steps), *(len(steps) for steps in seen.threads.values())]
    counts += [0] * (5 - len(counts))
    header = decode._RESULT.pack(
        elapsed,
        0,
        wire.ENDINGS.index(seen.ending),
        len(seen.given),
        seen.retcode or 0,
        0,
        0,
        0,
        len(seen.registers),
        len(seen.threads),
        0,
        0,
        0,
        0,
        *counts,
    )
    registers = struct.pack(f"<{len(seen.registers)}Q", *seen.registers.values())
    steps = [write_steps(seen.steps), *map(write_steps, seen.threads.values())]
    return header + registers + write_handles(dict(seen.given)) + b"".join(steps)


words = st.integers(0, 2**32 - 1)
stored = st.one_of(
    st.sampled_from([StoredHandle("untouched"), StoredHandle("zero"), StoredHandle("invalid")]),
    st.builds(
        lambda *values: StoredHandle("handle", HandleInfo(*values)), words, words, words, words
    ),
)
captured = st.binary(max_size=20).flatmap(
    lambda data: st.builds(
        Captured,
        st.just(data),
        st.integers(len(data), 1 << 20),
        st.integers(0, 2**64 - 1),
    )
)
seen_steps = st.builds(
    StepObservation,
    ret=st.integers(0, 2**64 - 1),
    missing=st.booleans(),
    elapsed_at_least_min=st.sampled_from([None, False, True]),
    outs=st.dictionaries(st.integers(0, 7), captured, max_size=3),
    handles=st.dictionaries(st.sampled_from(SLOTS), stored, max_size=3),
    live=st.none()
    | st.sets(st.sampled_from(SLOTS)).map(lambda found: tuple(s for s in SLOTS if s in found)),
    fault=st.sampled_from(wire.FAULTS),
)
observations = st.builds(
    ProgramObservation,
    st.just("p"),
    given=st.dictionaries(st.sampled_from(SLOTS[:2]), stored),
    steps=st.lists(seen_steps, max_size=4),
    threads=st.fixed_dictionaries({"t": st.lists(seen_steps, max_size=2)}),
)


@settings(deadline=None)
@given(observations)
def test_a_result_is_read_back(seen: ProgramObservation) -> None:
    assert decode_result(PROGRAM, write_result(seen), "x86_64") == seen


@settings(deadline=None)
@given(observations, st.data())
def test_a_broken_result_is_an_error_or_a_result(
    seen: ProgramObservation, data: st.DataObject
) -> None:
    payload = bytearray(write_result(seen))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    payload = payload[: data.draw(st.integers(0, len(payload)))]
    with suppress(wire.WireError):
        assert decode_result(PROGRAM, bytes(payload), "arm64").name == "p"


def test_equal_results_are_equal_bytes_whatever_time_they_took() -> None:
    seen = ProgramObservation("p", steps=[StepObservation(5)], threads={"t": []})
    fast, slow = write_result(seen, 10), write_result(seen, 2000)
    assert fast != slow
    assert comparable(fast) == comparable(slow)
    assert decode.elapsed_ns(slow) == 2000


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_the_registers_of_a_fault_have_their_names(arch: Arch) -> None:
    names = wire.USER_REGISTERS[arch]
    seen = ProgramObservation("p", ending="fault", threads={"t": []})
    seen.registers = {name: 1000 + number for number, name in enumerate(names)}
    result = decode_result(PROGRAM, write_result(seen), arch)
    assert result.registers == seen.registers
    pc = seen.registers["rip" if arch == "x86_64" else "pc"]
    assert f"pc {pc:#x}" in result.error


def test_an_exit_keeps_its_code() -> None:
    seen = ProgramObservation("p", ending="exited", retcode=-7, threads={"t": []})
    result = decode_result(PROGRAM, write_result(seen), "x86_64")
    assert (result.ending, result.retcode) == ("exited", -7)
    assert "code -7" in result.error


def test_members_of_a_packed_record_follow_one_another() -> None:
    record = Struct.packed("r", ("a", 4), ("b", 1), ("c", 3), ("d", 8), ("text", 24))
    assert [(field.name, field.offset) for field in record.fields] == [
        ("a", 0),
        ("b", 4),
        ("c", 5),
        ("d", 8),
        ("text", 16),
    ]
    assert (record.size, record.align) == (40, 8)
    with pytest.raises(ValueError, match=r"r\.b is not aligned at 4"):
        Struct.packed("r", ("a", 4), ("b", 8))
    with pytest.raises(ValueError, match="r has 12 bytes"):
        Struct.packed("r", ("a", 8), ("b", 4))

"""From observations to results: the notation of the format, and no crash on anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import programs

from harness.program.model import Program
from harness.program.normalise import normalise
from harness.program.observation import (
    Captured,
    HandleInfo,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from harness.program.parse import parse_program

EVENT_RIGHTS = 0x1 | 0x2 | 0x1000 | 0x4000 | 0x8000


def one_step(*args: Any, call: str = "zx_object_get_info", **more: Any) -> Program:
    entry = {
        "name": "p",
        "steps": [
            {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]},
            {"call": call, "args": list(args), **more},
        ],
    }
    return parse_program(entry)


def observe(program: Program, step: StepObservation, koid: int = 1500) -> dict[str, Any]:
    """The result of the second step; the first stored an event with *koid* to e."""
    info = HandleInfo(koid, 5, EVENT_RIGHTS, 0)
    first = StepObservation(handles={"e": StoredHandle("handle", info)})
    result = normalise(program, ProgramObservation("p", steps=[first, step]))
    return dict(result["steps"][1])


def shown(data: bytes, **options: Any) -> str:
    """How an out buffer with these contents is reported."""
    show = options.get("show", 512)
    captured = Captured(data[:show], len(data), 0x1234 if len(data) > show else 0)
    program = one_step({"out": len(data), **options})
    return str(observe(program, StepObservation(outs={0: captured}))["outs"]["0"])


@pytest.mark.parametrize(
    ("data", "options", "text"),
    [
        (b"", {}, ""),
        (b"\x05\0\xa5\xa5", {}, "0500.2"),
        (b"\xa5\xa5", {}, ".2"),
        (b"\xa5\x01", {}, "a501"),
        (b"\x01\x02\x03\x04", {"mask": [[1, 2]]}, "01????04"),
        (b"\xa5" * 4, {"mask": [[1, 2]]}, ".4"),
        (b"\x01\xa5\xa5\xa5", {"mask": [[0, 2]]}, "????a5a5"),
        (b"\x01\x02\xa5\xa5\xa5\xa5", {"show": 4}, "0102.2...[6 bytes, fnv1a 0000000000001234]"),
        (b"\xa5" * 6, {"show": 4, "mask": [[0, 6]]}, ".4...[6 bytes, fnv1a 0000000000001234]"),
        (b"\x01" * 6, {"show": 2, "mask": [[1, 5]]}, "01??...[6 bytes, fnv1a 0000000000001234]"),
        ((1500).to_bytes(8, "little") + b"\xa5", {"koids": [0]}, "<koid e>a5"),
        (bytes(8) + b"\x01", {"koids": [0]}, "<koid 0>01"),
        (b"\x07" + bytes(7), {"koids": [0]}, "<koid ?>"),
        (b"\xa5" * 8 + b"\x01", {"koids": [0]}, "a5" * 8 + "01"),
        (b"\xa5" * 8, {"koids": [0]}, ".8"),
    ],
)
def test_buffers(data: bytes, options: dict[str, Any], text: str) -> None:
    assert shown(data, **options) == text


def test_stored_handles_are_masked_unless_untouched() -> None:
    program = one_step({"out": 8, "handles": [[0, "x"], [4, "y"]]})
    step = StepObservation(
        outs={0: Captured(b"\x03\x01\0\0\xa5\xa5\xa5\xa5", 8)},
        handles={"x": StoredHandle("invalid"), "y": StoredHandle("untouched")},
    )
    assert observe(program, step)["outs"] == {"0": "????????a5a5a5a5"}


def test_zero_handles_are_shown() -> None:
    program = one_step({"out": 4, "handles": [[0, "x"]]})
    step = StepObservation(outs={0: Captured(bytes(4), 4)}, handles={"x": StoredHandle("zero")})
    assert observe(program, step)["outs"] == {"0": "00000000"}


@pytest.mark.parametrize(
    ("call", "ret_form", "ret", "said"),
    [
        ("zx_nanosleep", None, 2**64 - 21, {"status": -21, "status_name": "ZX_ERR_TIMED_OUT"}),
        ("zx_nanosleep", None, 2**32 - 21, {"status": -21, "status_name": "ZX_ERR_TIMED_OUT"}),
        ("zx_nanosleep", None, 5, {"status": 5, "status_name": "5"}),
        ("zx_nanosleep", "u64", 2**32 - 21, {"ret": 2**64 - 21}),
        ("zx_nanosleep", "none", 0, {}),
        ("zx_clock_get_monotonic", None, 77, {"ret": "nonzero"}),
        ("zx_clock_get_monotonic", "u64", 2**64 - 2, {"ret": 2**64 - 2}),
        ("zx_ticks_get", None, 0, {"ret": "zero"}),
        ("zx_system_get_page_size", None, 0xDEAD_0000_1000, {"ret": 0x1000}),
        ("zx_system_get_num_cpus", "mask", 0xDEAD_0000_0000, {"ret": "zero"}),
    ],
)
def test_returned_values(call: str, ret_form: str | None, ret: int, said: dict[str, Any]) -> None:
    program = one_step(call=call, **({"ret": ret_form} if ret_form else {}))
    assert observe(program, StepObservation(ret)) == {"call": call, **said}


def test_missing_functions_and_faults() -> None:
    program = one_step(call="zx_nanosleep")
    assert observe(program, StepObservation(missing=True)) == {
        "call": "zx_nanosleep",
        "error": "no such function",
    }
    program = one_step(0, 8, call="$load")
    assert observe(program, StepObservation(fault="read")) == {"call": "$load", "fault": "read"}


def test_handles() -> None:
    program = one_step({"out_handle": "a"}, {"out_handle": "b"}, {"out_handle": "c"})
    channel = {"type": 4, "rights": 0, "related_koid": 8}
    step = StepObservation(
        handles={
            "a": StoredHandle("handle", HandleInfo(7, **channel)),
            "b": StoredHandle("handle", HandleInfo(8, 99, 0xC000, 1500)),
            "c": StoredHandle("handle", HandleInfo(9, 4, 0, 10)),
        }
    )
    assert observe(program, step)["handles"] == {
        "a": {"type": "CHANNEL", "rights": "NONE", "related": "b"},
        "b": {"type": "99", "rights": "WAIT|INSPECT", "related": "e"},
        "c": {"type": "CHANNEL", "rights": "NONE", "related": "?"},
    }


def test_an_object_is_named_by_its_first_slot() -> None:
    program = one_step({"out_handle": "again"}, {"out": 8, "koids": [0]})
    info = HandleInfo(1500, 5, EVENT_RIGHTS, 0)
    step = StepObservation(
        outs={1: Captured((1500).to_bytes(8, "little"), 8)},
        handles={"again": StoredHandle("handle", info)},
    )
    assert observe(program, step)["outs"] == {"1": "<koid e>"}


def test_many_live_slots_are_counted() -> None:
    slots = [f"s{number}" for number in range(30)]
    program = one_step({"out_handles": slots})
    live = observe(program, StepObservation(live=("e", *slots)))["live"]
    assert live == ["e", *slots[:23], "+7"]
    assert len(observe(program, StepObservation(live=tuple(slots[:24])))["live"]) == 24


def test_endings() -> None:
    program = one_step()
    seen = ProgramObservation("p", ending="exited", retcode=-7, error="left", console=("a", "b"))
    assert normalise(program, seen) == {
        "name": "p",
        "steps": [],
        "error": "exited with code -7",
        "console": ["left", "a", "b"],
    }


# Anything ----------------------------------------------------------------------------------

words = st.integers(0, 2**64 - 1)
stored_handles = st.sampled_from(
    [StoredHandle("untouched"), StoredHandle("zero"), StoredHandle("invalid")]
) | st.builds(
    lambda *numbers: StoredHandle("handle", HandleInfo(*numbers)),
    *[st.integers(0, 2**32 - 1)] * 4,
)
captures = st.builds(
    Captured, st.binary(max_size=700), st.integers(0, 1 << 20), st.integers(0, 2**64 - 1)
)
step_observations = st.builds(
    StepObservation,
    ret=words,
    missing=st.booleans(),
    elapsed_at_least_min=st.none() | st.booleans(),
    outs=st.dictionaries(st.integers(0, 7), captures, max_size=3),
    handles=st.dictionaries(st.sampled_from(["a", "b", "handle two"]), stored_handles),
    live=st.none() | st.lists(st.sampled_from(["a", "b"]), max_size=40).map(tuple),
    fault=st.none() | st.sampled_from(["read", "write", "execute"]),
)
observations = st.builds(
    ProgramObservation,
    st.just("p"),
    given=st.dictionaries(st.sampled_from(["$zero", "$job", "$proc"]), stored_handles),
    steps=st.lists(step_observations, max_size=6),
    threads=st.dictionaries(st.just("t"), st.lists(step_observations, max_size=6)),
    ending=st.sampled_from(["finished", "fault", "exited", "killed", "time_limit", "leak", "lost"]),
    error=st.text(max_size=5),
    retcode=st.none() | st.integers(-(2**63), 2**63 - 1),
)


@given(programs(), observations)
@settings(deadline=None, max_examples=100)
def test_any_observation_gives_a_result(entry: dict[str, Any], seen: ProgramObservation) -> None:
    program = parse_program(entry)
    result = normalise(program, seen)
    assert result == normalise(program, seen)
    assert json.loads(json.dumps(result)) == result
    assert len(result["steps"]) == min(len(program.steps), len(seen.steps))

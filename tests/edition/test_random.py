"""Whatever the program and whatever was seen: rewriting, putting back and judging do not fail."""

from __future__ import annotations

from typing import Any

from edition_steps import program
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.edition.differences import judge
from harness.edition.rewrite import Refusal, rewrite
from harness.program.model import Buffer, BufferRef, OutHandles, Program, Step
from harness.program.normalise import Result, normalise
from harness.program.observation import (
    Captured,
    HandleInfo,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

CALLS = sorted(name for name, call in abi.CALLS.items() if call.exported)

numbers = st.one_of(
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.integers(0, 64),
    st.sampled_from([1 << bit for bit in range(64)]),
    st.sampled_from(sorted({value for value in abi.CONSTANTS.values() if value < 1 << 64})),
)
arguments = st.one_of(
    numbers,
    st.builds(lambda x, y: {"x86_64": x, "arm64": y}, numbers, numbers),
    st.sampled_from(["a", "b", "$job", "$proc", "$zero"]).map(lambda slot: {"h": slot}),
    st.just({"h": "a", "xor": 3}),
    st.sampled_from(["a", "b"]).map(lambda slot: {"out_handle": slot}),
    st.integers(0, 130).map(lambda size: {"out": size}),
    st.just({"out": 48, "name": "n", "koids": [0], "mask": [[8, 8]], "handles": [[16, "b"]]}),
    st.just({"inout": [{"h": "a"}, {"u32": 40}, {"u32": 0}]}),
    st.just({"in": [{"u32": 4}, {"u32": 4}]}),
    st.just({"in": [{"addr": "first"}, {"h": "b"}]}),
    st.just({"addr": "first"}),
    st.just({"buf": "first", "add": 8}),
    st.just({"val": "first", "plus_vdso": "zx_vmo_create_child"}),
    st.just({"val": "first"}),
    st.just({"deadline": -1}),
    st.just({"ptr": "unmapped"}),
)
steps = st.builds(
    lambda name, args: {"call": name, "args": args},
    st.sampled_from(CALLS),
    st.lists(arguments, max_size=8),
)
FIRST = [
    {"call": "zx_event_create", "args": [0, {"out_handle": "a"}]},
    {"call": "zx_job_create", "args": [{"h": "$job"}, 0, {"out_handle": "b"}]},
    {"call": "$buf", "args": [{"in": [{"h": "b"}, {"zero": 20}], "name": "first"}]},
]
programs = st.builds(
    lambda main, helper: program(
        *FIRST,
        {"call": "$spawn", "args": ["t"]},
        *main,
        {"call": "$join", "args": ["t"]},
        threads={"t": helper},
    ),
    st.lists(steps, max_size=4),
    st.lists(steps, max_size=2),
)


@st.composite
def observations(draw: st.DrawFn, text: Program) -> ProgramObservation:
    """Something that could have been seen of a program, or not even that."""
    whole = [_seen(draw, step) for step in text.steps]
    return ProgramObservation(
        text.name,
        steps=whole[: draw(st.integers(0, len(whole)))],
        threads={name: [_seen(draw, step) for step in part] for name, part in text.threads.items()},
        ending=draw(st.sampled_from(["finished", "killed", "fault"])),
    )


def _seen(draw: st.DrawFn, step: Step) -> StepObservation:
    outs = {}
    handles = {}
    for index, arg in enumerate(step.args):
        if isinstance(arg, Buffer | BufferRef) and arg.reported:
            size = arg.size if isinstance(arg, Buffer) else 24
            data = draw(st.sampled_from([b"\xa5", b"\0", b"\x18", b"\x01"])) * size
            outs[index] = Captured(data[: arg.report.show], size)
        elif isinstance(arg, OutHandles):
            for slot in arg.slots:
                info = HandleInfo(9, 5, draw(st.sampled_from([0xD00F, 0xD003])), 0)
                handles[slot] = StoredHandle("handle", info)
    status = draw(st.sampled_from([0, -5, -10, -24, -30]))
    live = draw(st.sampled_from([None, (), ("a",), ("a", "b")]))
    return StepObservation(ret=status & ((1 << 64) - 1), outs=outs, handles=handles, live=live)


def _result(draw: Any, text: Program) -> Result | None:
    found = rewrite(text, EDITION_2018)
    if isinstance(found, Refusal):
        assert found.reason
        return None
    for step in found.program.all_steps():
        assert step.is_pseudo or EDITION_2018.has(step.call)
    return normalise(text, found.restore(draw(observations(found.program))))


@settings(max_examples=300, deadline=None)
@given(st.data(), programs)
def test_nothing_fails(data: st.DataObject, text: Program) -> None:
    ours = normalise(text, data.draw(observations(text)))
    theirs = _result(data.draw, text)
    if theirs is None:
        return
    found = judge(text, ours, theirs, EDITION_2018)
    assert (found.kind == "agreement") == (not found.explained)
    assert (found.kind == "divergence") == bool(found.divergences)
    assert judge(text, theirs, theirs, EDITION_2018).kind == "agreement"

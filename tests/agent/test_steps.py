"""What the interpreter in the guest does with each form of argument and step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from agent_programs import Run

from harness.program.model import GIVEN_SLOTS
from harness.program.normalise import normalise
from harness.program.parse import FUNCTIONS, parse_list, parse_program
from harness.targets.guest import GuestTarget
from harness.targets.host import HostTarget

NUMBER = 0x1122334455667788


def test_loads_and_stores(run: Run) -> None:
    seen = run(
        {"call": "$buf", "args": [{"in": {"u64": NUMBER}, "name": "b"}]},
        {"call": "$load", "args": [{"addr": "b"}, 8]},
        {"call": "$load", "args": [{"addr": "b", "add": 1}, 2]},
        {"call": "$store", "args": [{"addr": "b", "add": 7}, 1, 0xAB]},
        {"call": "$show", "args": [{"buf": "b"}]},
    )
    assert [step.ret for step in seen.steps[1:3]] == [NUMBER, 0x6677]
    assert seen.steps[4].outs[0].data == bytes.fromhex("88776655443322ab")


@pytest.mark.parametrize("kind", ["unmapped", "kernel", "noncanon", "null", "edge"])
def test_loads_and_stores_fault(run: Run, kind: str) -> None:
    pointer = {"ptr": kind}
    seen = run(
        {"call": "$load", "args": [pointer, 4]},
        {"call": "$store", "args": [pointer, 8, 1]},
        {"call": "$load", "args": [{"ptr": "readonly"}, 8]},
    )
    assert [step.fault for step in seen.steps] == ["read", "write", None]
    assert seen.steps[2].ret == 0


def test_memory_for_reading_cannot_be_stored_to(run: Run) -> None:
    seen = run({"call": "$store", "args": [{"ptr": "readonly"}, 4, 1]})
    assert seen.steps[0].fault == "write"


def test_a_helper_faults_where_it_may(run: Run) -> None:
    join = [{"call": "$spawn", "args": ["t"]}, {"call": "$join", "args": ["t"]}]
    seen = run(*join, t=[{"call": "$load", "args": [{"ptr": "unmapped"}, 4]}])
    assert seen.ending == "finished"
    assert seen.threads["t"][0].fault == "read"


def test_a_buffer_at_the_edge_ends_where_the_mapping_ends(run: Run) -> None:
    seen = run(
        {"call": "$buf", "args": [{"out": 5000, "edge": 1, "name": "b"}, {"out": 0, "name": "n"}]},
        {"call": "$load", "args": [{"addr": "b", "add": 4999}, 1]},
        {"call": "$load", "args": [{"addr": "b", "add": 5000}, 1]},
        {"call": "$load", "args": [{"addr": "b", "add": 4999}, 2]},
    )
    assert [step.fault for step in seen.steps[1:]] == [None, "read", "read"]
    assert seen.steps[1].ret == 0xA5


def test_large_buffers(run: Run) -> None:
    seen = run(
        {"call": "zx_vmo_create", "args": [1 << 20, 0, {"out_handle": "v"}]},
        {
            "call": "zx_vmo_write",
            "args": [{"h": "v"}, {"in": {"fill": [7, 500_000]}}, 0, 500_000],
        },
        {
            "call": "zx_vmo_read",
            "args": [{"h": "v"}, {"out": 1 << 20, "show": 4}, 0, 1 << 20],
        },
        {"call": "zx_handle_close", "args": [{"h": "v"}]},
    )
    assert [step.ret for step in seen.steps] == [0, 0, 0, 0]
    out = seen.steps[2].outs[1]
    assert (out.data, out.size) == (b"\7" * 4, 1 << 20)


def test_no_handles_but_those_it_names(run: Run) -> None:
    # ZX_INFO_PROCESS_HANDLE_STATS counts handles by object type; $proc itself is the only one.
    seen = run(
        {
            "call": "zx_object_get_info",
            "args": [{"h": "$proc"}, "ZX_INFO_PROCESS_HANDLE_STATS", {"out": 256}, 256, 0, 0],
        }
    )
    counts = seen.steps[0].outs[2].data
    words = [int.from_bytes(counts[at : at + 4], "little") for at in range(0, 256, 4)]
    assert sum(words) == words[1] == 1


def test_given_handles(run: Run) -> None:
    names = list(GIVEN_SLOTS[1:])
    seen = run(*({"call": "zx_handle_close", "args": [{"h": name}]} for name in names))
    assert list(seen.given) == names
    assert all(stored.state == "handle" for stored in seen.given.values())
    assert [step.ret for step in seen.steps] == [0] * len(names)
    assert seen.steps[-1].live == ()


def test_a_call_that_is_not_there(guest: GuestTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest has all; a session without one is told so, and goes on."""
    assert not guest.missing_calls() & FUNCTIONS.keys()
    monkeypatch.setattr(guest, "missing_calls", lambda: frozenset({"zx_port_create"}))
    session = guest.open_session()
    try:
        port, event = (
            session.step(parse_program({"name": "p", "steps": [one]}).steps[0])
            for one in ({"call": "zx_port_create"}, {"call": "zx_event_create"})
        )
    finally:
        session.close()
    assert port.missing
    assert not event.missing


#: Programs whose results depend on how the interpreter treats an argument, not on the kernel.
FORMS: list[list[dict[str, Any]]] = [
    [
        {"call": "$buf", "args": [{"in": [{"u16": 1}, {"str": "ab"}], "size": 12, "name": "b"}]},
        {"call": "$show", "args": [{"buf": "b"}, {"buf": "b", "show": 3}]},
        {"call": "$buf", "args": [{"out": 3, "name": "b"}]},
        {"call": "$show", "args": [{"buf": "b", "mask": [[0, 1]]}]},
        {"call": "$load", "args": [{"addr": "b", "add": 3}, 1]},
    ],
    [
        {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]},
        {
            "call": "$buf",
            "args": [{"inout": [{"h": "e"}, {"u32": 0}], "handles": [[0, "f"], [4, "g"]]}],
        },
        {"call": "zx_handle_close", "args": [{"h": "f"}]},
    ],
    [
        {"call": "zx_channel_create", "args": [0, {"out_handle": "a"}, {"out_handle": "b"}]},
        {
            "call": "zx_object_get_info",
            "args": [{"h": "b"}, 2, {"out": 32, "koids": [0, 16]}, 32, 0, 0],
        },
        {"call": "zx_handle_close", "args": [{"h": "a", "xor": 64}]},
        {"call": "zx_nanosleep", "args": [{"deadline": 3_000_000}], "min_ns": 3_000_000},
    ],
    [
        {"call": "$buf", "args": [{"in": [{"u32": 500}, {"u8": 3}], "name": "b"}]},
        {"call": "zx_deadline_after", "args": [2**63 - 1], "ret": "u64"},
        {"call": "$load", "args": [{"addr": "b", "add": 4}, {"x86_64": 1, "arm64": 1}]},
        {"call": "zx_vmo_create", "args": [{"val": "b", "size": 4, "add": 12}, 0, 0]},
        {"call": "zx_status_get_string", "args": [-2], "ret": "mask"},
        {"call": "zx_system_get_page_size", "ret": "u64"},
    ],
    [{"call": "$buf", "args": [{"out": 600 + 10 * n, "show": n} for n in range(64)]}],
]


@pytest.mark.parametrize("steps", FORMS)
def test_every_form_means_what_it_means_on_the_host(guest: GuestTarget, steps: Any) -> None:
    batch = parse_list([{"name": "zx_form", "steps": steps}], "test")
    guest.start(batch)
    (on_guest,) = guest.finish()
    with HostTarget() as host:
        host.start(batch)
        (on_host,) = host.finish()
    assert json.dumps(normalise(batch[0], on_guest)) == json.dumps(normalise(batch[0], on_host))

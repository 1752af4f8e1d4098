"""Which differences are known, which follow from them, and which are divergences."""

from __future__ import annotations

import fnmatch
import re
from typing import Any

import pytest
from edition_steps import (
    BAD,
    CLOSED,
    DENIED,
    EVENT,
    INVALID,
    TIMED_OUT,
    TYPE,
    call,
    one,
    program,
    step_result,
    verdict,
)

from harness.edition.conditions import CONDITIONS
from harness.edition.differences import Verdict, judge, load_rows
from harness.suite.load import load_suite
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

CHANNEL = call("zx_channel_create", 0, {"out_handle": "a"}, {"out_handle": "b"})
CLOSE_B = call("zx_handle_close", {"h": "b"})
WRITE_E = call("zx_channel_write", {"h": "a"}, 0, 0, 0, {"in": {"h": "e"}}, 1)


def outs(name: str, status: str = "ZX_OK", **data: str) -> dict[str, Any]:
    return step_result(name, status, outs={key[1:]: text for key, text in data.items()})


# ---- verdicts


def test_agreement() -> None:
    found = one(EVENT, "ZX_OK", "ZX_OK")
    assert (found.kind, found.rows, found.divergences) == ("agreement", (), ())


def test_divergence() -> None:
    found = one(EVENT, "ZX_OK", "ZX_ERR_NO_MEMORY")
    assert found.kind == "divergence"
    assert [d.path for d in found.divergences] == ["steps[0].status"]


def test_a_divergence_beside_a_known_difference_is_one() -> None:
    close = call("zx_handle_close", 3)
    found = verdict([close, EVENT], [TYPE, "ZX_OK"], [DENIED, INVALID])
    assert found.kind == "divergence"
    assert found.rows == ("G1",)
    assert len(found.divergences) == 1


def handle(rights: int, kind: str = "EVENT") -> dict[str, Any]:
    return {"type": kind, "rights": abi.rights_names(rights)}


def test_rights_of_new_handles() -> None:
    def made(rights: int) -> dict[str, Any]:
        return step_result("zx_event_create", handles={"e": handle(rights)})

    assert one(EVENT, made(0xD003), made(0xD00F)).rows == ("H11",)
    # Rights that both editions give to an event.
    assert one(EVENT, made(0xD003), made(0xC003)).kind == "divergence"
    other = step_result("zx_event_create", handles={"e": handle(0xD003, "TIMER")})
    assert one(EVENT, made(0xD003), other).kind == "divergence"


def test_what_a_handle_lacks_decides_about_information() -> None:
    count = call("zx_object_get_info", {"h": "e"}, "ZX_INFO_HANDLE_COUNT", 0, 0, 0, 0)

    def made(rights: int) -> dict[str, Any]:
        return step_result("zx_event_create", handles={"e": handle(rights)})

    assert verdict([EVENT, count], [made(0x8000), "ZX_OK"], [made(0x8000), DENIED]).rows == ("H5",)
    assert verdict([EVENT, count], [made(0x4), DENIED], [made(0x4), "ZX_OK"]).rows == ("H5",)
    found = verdict([EVENT, count], [made(0x8004), "ZX_OK"], [made(0x8004), DENIED])
    assert found.kind == "divergence"


def test_handles_with_other_rights_are_let_through_or_not() -> None:
    wait = call("zx_object_wait_one", {"h": "e"}, 0, 0, 0)
    made = [step_result("zx_event_create", handles={"e": handle(r)}) for r in (0xD003, 0xD00F)]
    found = verdict([EVENT, wait], [made[0], DENIED], [made[1], TIMED_OUT])
    assert found.rows == ("H11",)
    found = verdict([EVENT, wait], [made[0], DENIED], [made[0], TIMED_OUT])
    assert found.kind == "divergence"


def test_packet_counts() -> None:
    step = call("zx_port_wait", 3, 0, {"out": 48})
    one_packet = outs("zx_port_wait", _2="00" * 24 + "01" + "00" * 23)
    more = outs("zx_port_wait", _2="00" * 24 + "03" + "00" * 23)
    assert one(step, one_packet, more).rows == ("P4",)
    other = outs("zx_port_wait", _2="01" + "00" * 23 + "03" + "00" * 23)
    assert one(step, one_packet, other).kind == "divergence"


def test_signals_seen_meanwhile() -> None:
    step = call("zx_object_wait_one", 3, 0, 0, {"out": 4})
    last, every, other = (
        outs("zx_object_wait_one", _3=t) for t in ("01000000", "03000000", "02000000")
    )
    assert one(step, last, every).rows == ("E:observed",)
    assert one(step, last, other).kind == "divergence"
    assert one(step, every, last).kind == "divergence"


def test_signals_seen_meanwhile_in_wait_items() -> None:
    def waited(items: Any, count: int, one_item: str, other: str) -> Verdict:
        step = call("zx_object_wait_many", items, count, 0)
        told = (outs("zx_object_wait_many", _0=text) for text in (one_item, other))
        return verdict([step], *([one] for one in told))

    item, more, less = ("03000000" + "01000000" + t for t in ("01000000", "05000000", "04000000"))
    row = ("E:observed",)
    two = {"out": 24}
    assert waited(two, 2, item + item, item + more).rows == row
    assert waited(two, 2, item + item, item + less).kind == "divergence"
    assert waited(two, 1, item + item, item + more).kind == "divergence"
    assert waited(two, 2, item + item, "02" + item[2:] + more).kind == "divergence"


def test_signals_are_looked_for_where_the_step_wants_them() -> None:
    """A buffer is reported from its first byte, wherever in it the step's address points to."""
    buffer = call("$buf", {"out": 12, "name": "b"})

    def waited(add: int, ours: str, theirs: str) -> Verdict:
        step = call("zx_object_wait_one", 3, 0, 0, {"buf": "b", "add": add})
        told = [outs("zx_object_wait_one", _3=text) for text in (ours, theirs)]
        made = step_result("$buf", None)
        return verdict([buffer, step], [made, told[0]], [made, told[1]])

    row = ("E:observed",)
    ours, theirs = "a5" * 4 + "01000000.4", "a5" * 4 + "03000000.4"
    assert waited(4, ours, theirs).rows == row
    assert waited(0, ours, theirs).kind == "divergence"
    assert waited(8, ours, theirs).kind == "divergence"
    assert waited(4, ours, theirs.replace(".4", "00.3")).kind == "divergence"
    assert waited(4, ours, "00" + theirs[2:]).kind == "divergence"
    # Nothing that was written there.
    assert waited(4, ours, ".12").kind == "divergence"
    assert waited(4, "00000000.8", theirs).kind == "divergence"


def test_socket_and_job_signals() -> None:
    job = call("zx_object_wait_one", {"h": "$job"}, 8, 0, {"out": 4})
    ours, theirs = (outs("zx_object_wait_one", _3=text) for text in ("78000000", "70000000"))
    assert one(job, ours, theirs).rows == ("H14",)
    process = call("zx_object_wait_one", {"h": "$proc"}, 8, 0, {"out": 4})
    assert one(process, ours, theirs).kind == "divergence"
    long = call("zx_object_wait_one", {"h": "$job"}, 8, 0, {"out": 5})
    ours, theirs = (outs("zx_object_wait_one", _3=t) for t in ("78000000.1", "7000000000"))
    assert one(long, ours, theirs).kind == "divergence"


# ---- consequences


def live(name: str, status: str, *slots: str) -> dict[str, Any]:
    return step_result(name, status, live=list(slots))


def test_kept_handles_and_what_follows() -> None:
    steps = [CHANNEL, EVENT, CLOSE_B, WRITE_E, call("zx_handle_close", {"h": "e"}), CLOSE_B]
    before = [
        live("zx_channel_create", "ZX_OK", "a", "b"),
        live("zx_event_create", "ZX_OK", "a", "b", "e"),
        live("zx_handle_close", "ZX_OK", "a", "e"),
    ]
    found = verdict(
        steps,
        [*before, live("zx_channel_write", CLOSED, "a"), live("zx_handle_close", BAD, "a")],
        [
            *before,
            live("zx_channel_write", CLOSED, "a", "e"),
            live("zx_handle_close", "ZX_OK", "a"),
        ],
    )
    assert found.kind == "known edition difference"
    assert [(e.rows, e.consequence) for e in found.explained] == [(("C1",), False), (("C1",), True)]


def test_valid_handles_that_nobody_kept_are_a_divergence() -> None:
    found = verdict(
        [CHANNEL, EVENT, CLOSE_B, WRITE_E],
        ["ZX_OK", "ZX_OK", "ZX_OK", live("zx_channel_write", CLOSED, "a")],
        ["ZX_OK", "ZX_OK", "ZX_OK", live("zx_channel_write", CLOSED, "a", "b")],
    )
    assert found.kind == "divergence"


def test_what_has_nothing_to_do_with_it_is_a_divergence() -> None:
    timer = call("zx_timer_create", 0, 0, {"out_handle": "t"})
    cancel = call("zx_timer_cancel", {"h": "t"})
    steps = [CHANNEL, EVENT, CLOSE_B, timer, WRITE_E, cancel]
    good = ["ZX_OK", "ZX_OK", "ZX_OK", "ZX_OK"]
    found = verdict(
        steps,
        [*good, live("zx_channel_write", CLOSED, "a"), "ZX_OK"],
        [*good, live("zx_channel_write", CLOSED, "a", "e"), BAD],
    )
    assert found.kind == "divergence"
    assert [d.path for d in found.divergences] == ["steps[5].status"]


def test_two_errors_leave_no_other_state() -> None:
    step = call("zx_object_signal", {"h": "a"}, 0, 0)
    after = call("zx_handle_close", {"h": "a"})
    found = verdict([CHANNEL, step, after], ["ZX_OK", TYPE, "ZX_OK"], ["ZX_OK", DENIED, BAD])
    assert found.kind == "divergence"


def test_asking_changes_nothing() -> None:
    ask = call("zx_object_get_info", {"h": "e"}, "ZX_INFO_HANDLE_COUNT", 0, 0, 0, 0)
    after = call("zx_handle_close", {"h": "e"})
    found = verdict([EVENT, ask, after], ["ZX_OK", "ZX_OK", "ZX_OK"], ["ZX_OK", DENIED, BAD])
    assert found.kind == "divergence"


def test_success_in_one_edition_only_changes_what_the_step_named() -> None:
    vmo = call("zx_vmo_create", 4096, 0, {"out_handle": "v"})
    size = call("zx_vmo_set_size", {"h": "v"}, 0)
    ask = call("zx_vmo_get_size", {"h": "v"}, {"out": 8})
    copy = call("zx_handle_duplicate", {"h": "v"}, "ZX_RIGHT_SAME_RIGHTS", {"out_handle": "w"})
    ask_copy = call("zx_vmo_get_size", {"h": "w"}, {"out": 8})
    sizes = [outs("zx_vmo_get_size", _1=text) for text in ("0010" + "00" * 6, "00" * 8)]
    found = verdict(
        [vmo, copy, size, ask, ask_copy],
        ["ZX_OK", "ZX_OK", "ZX_ERR_UNAVAILABLE", sizes[0], sizes[0]],
        ["ZX_OK", "ZX_OK", "ZX_OK", sizes[1], sizes[1]],
    )
    assert [(e.rows, e.consequence) for e in found.explained] == [
        (("V1",), False),
        (("V1",), True),
        (("V1",), True),
    ]


def test_the_outs_of_a_step_that_succeeds_in_one_edition_only() -> None:
    step = call("zx_socket_create", 2, {"out_handle": "a"}, {"out_handle": "b"})
    made = {"a": handle(1, "SOCKET"), "b": handle(1, "SOCKET")}
    untouched = {"a": "untouched", "b": "untouched"}
    found = one(
        step,
        step_result("zx_socket_create", INVALID, handles=untouched, live=[]),
        step_result("zx_socket_create", handles=made, live=["a", "b"]),
    )
    assert found.kind == "known edition difference"
    assert found.rows == ("S1",)


def test_what_happens_while_helpers_run() -> None:
    """Nobody tells which handles are valid then; a failed write keeps them even so."""
    spawn, join = call("$spawn", "t"), call("$join", "t")
    wait = call("zx_object_wait_one", {"h": "e"}, 8, 5, 0)
    steps = [CHANNEL, EVENT, CLOSE_B, spawn, WRITE_E, join]
    text = program(*steps, threads={"t": [wait]})

    def result(status: str, *slots: str) -> dict[str, Any]:
        before = ["ZX_OK", "ZX_OK", "ZX_OK", "ZX_OK", CLOSED]
        outcomes = [step_result(s.call, o) for s, o in zip(text.steps, before, strict=False)]
        outcomes.append(live("$join", "ZX_OK", *slots))
        helper = [step_result("zx_object_wait_one", status)]
        return {"name": "p", "steps": outcomes, "threads": {"t": helper}}

    kept = result(TIMED_OUT, "a", "e")
    found = judge(text, result("ZX_ERR_CANCELED", "a"), kept, EDITION_2018)
    assert found.kind == "known edition difference"
    assert found.rows == ("C1",)
    other = result(TIMED_OUT, "a", "b")
    assert judge(text, result("ZX_ERR_CANCELED", "a"), other, EDITION_2018).kind == "divergence"


@pytest.mark.parametrize(
    ("options", "add", "known"),
    [(17, 0, True), (1, 0, False), (1, 4095, False), (1, 4096, True), (1, -4096, True)],
)
def test_places_that_the_kernel_chose(options: int, add: int, known: bool) -> None:
    """A step that counts on where something was put, and one that does not."""
    out = {"out": 8, "name": "x", "mask": [[0, 8]]}
    first = call("zx_vmar_map", {"h": "$vmar"}, 1, 0, {"h": "$vdso"}, 0, 4096, out)
    if options & 16:
        second = call("zx_vmar_map", {"h": "$vmar"}, options, 0, {"h": "$vdso"}, 0, 4096, 0)
    else:
        second = call("zx_vmar_unmap", {"h": "$vmar"}, {"val": "x", "add": add}, 1)
    found = verdict([first, second], ["ZX_OK", INVALID], ["ZX_OK", "ZX_OK"])
    assert (found.rows == ("E:placement",)) is known


def test_what_becomes_of_a_child_shows_at_its_given_job() -> None:
    process = call("zx_process_create", {"h": "$job"}, 3, 0, 0, {"out_handle": "p"})
    replace = call("zx_handle_replace", {"h": "p"}, 1 << 30, {"out_handle": "q"})
    wait = call("zx_object_wait_one", {"h": "$job"}, 16, 0, {"out": 4})
    before = live("zx_process_create", "ZX_OK", "$job", "p")
    found = verdict(
        [process, replace, wait],
        [
            before,
            live("zx_handle_replace", INVALID, "$job"),
            outs("zx_object_wait_one", _3="70000000"),
        ],
        [
            before,
            live("zx_handle_replace", INVALID, "$job", "p"),
            outs("zx_object_wait_one", _3="10000000"),
        ],
    )
    assert [(e.rows, e.consequence) for e in found.explained] == [(("H1",), False), (("H1",), True)]


def test_a_buffer_that_is_too_short() -> None:
    """What lies beyond it can look another way in any later step, but only there."""
    read = call("zx_vmo_read", {"h": "$vdso"}, {"out": 8}, 0, 4096)
    ask = call("zx_object_wait_one", {"h": "$job"}, 0, 0, {"out": 4})
    told = [outs("zx_object_wait_one", BAD, _3=text) for text in (".4", "00000000")]
    found = verdict([read, ask], [INVALID, told[0]], [INVALID, told[1]])
    assert [(e.rows, e.consequence) for e in found.explained] == [(("V8",), True)]
    found = verdict([read, ask], [INVALID, BAD], [INVALID, TYPE])
    assert found.kind == "divergence"
    enough = call("zx_vmo_read", {"h": "$vdso"}, {"out": 4096}, 0, 4096)
    found = verdict([enough, ask], [INVALID, told[0]], [INVALID, told[1]])
    assert found.kind == "divergence"


def test_a_killed_job_is_in_another_state() -> None:
    job = call("zx_job_create", {"h": "$job"}, 0, {"out_handle": "j"})
    kill = call("zx_task_kill", {"h": "j"})
    child = call("zx_job_create", {"h": "j"}, 0, {"out_handle": "k"})
    good = ["ZX_OK", "ZX_OK"]
    found = verdict([job, kill, child], [*good, "ZX_ERR_BAD_STATE"], [*good, "ZX_OK"])
    assert [(e.rows, e.consequence) for e in found.explained] == [(("E:task_kill",), True)]
    nothing = call("zx_handle_close", 3)
    found = verdict([job, nothing, child], [*good, "ZX_ERR_BAD_STATE"], [*good, "ZX_OK"])
    assert found.kind == "divergence"


def test_the_end_of_a_program_is_about_the_step_it_ended_in() -> None:
    kill = call("zx_task_kill", {"h": "$thread"})
    text = program(EVENT, kill, EVENT)
    event = step_result("zx_event_create")
    whole = {"name": "p", "steps": [event, step_result("zx_task_kill", TYPE), event]}
    cut = {"name": "p", "steps": [event], "error": "exited with code 0"}
    assert judge(text, whole, cut, EDITION_2018).rows == ("E:task_kill",)
    text = program(EVENT, EVENT, kill)
    assert judge(text, whole, cut, EDITION_2018).kind == "divergence"


def test_more_waits_at_a_port_than_2022_takes() -> None:
    wait = call("zx_object_wait_async", {"h": "e"}, 3, 1, 8, 0)
    waited = step_result("zx_object_wait_async")
    end = {"name": "p", "steps": [step_result("zx_event_create")], "error": "fatal exception"}
    for number, kind in ((50000, "divergence"), (50001, "known edition difference")):
        text = program(EVENT, {**wait, "repeat": number})
        whole = {"name": "p", "steps": [step_result("zx_event_create"), waited]}
        assert judge(text, end, whole, EDITION_2018).kind == kind


# ---- the table


def test_the_table_is_well_formed() -> None:
    rows = load_rows("2018")
    assert len({(row.id, row.text) for row in rows}) == len(rows)
    for row in rows:
        for pattern in row.calls:
            assert pattern == "*" or pattern.startswith("$") or fnmatch.filter(abi.CALLS, pattern)
    used = {name for row in rows for name in row.when}
    assert used == set(CONDITIONS)


def test_every_row_of_the_recorded_changes_is_in_the_table() -> None:
    """What the derived vectors name as the reason of a change has a row here."""
    known = {row.id for row in load_rows("2018")}
    named = {word for entry in load_suite() for word in re.findall(r"\b[A-Z]\d+\b", entry.why)}
    assert len(named) > 10
    assert named <= known


def test_buffers_that_are_cut_cannot_be_told_apart_byte_by_byte() -> None:
    step = call("zx_object_wait_one", 3, 0, 0, {"out": 32})
    whole = [outs("zx_object_wait_one", _3=f"0{n}000000.28") for n in (1, 3)]
    assert one(step, *whole).rows == ("E:observed",)
    cut = [outs("zx_object_wait_one", _3=f"0{n}000000.3...[32 bytes, fnv1a 0{n}]") for n in (1, 3)]
    assert one(step, *cut).kind == "divergence"

"""Programs of late 2022 in the calls of May 2018: every rule."""

from __future__ import annotations

from typing import Any

import pytest
from edition_steps import call, last, program, refused, rewritten

from harness.edition.rewrite import Refusal, Rewritten, rewrite
from harness.edition.shapes import SHAPES
from harness.program.encode import encode_program
from harness.program.model import (
    Buffer,
    BufferRef,
    Bytes,
    Deadline,
    HandleValue,
    Number,
    OutHandles,
    Sized,
)
from harness.program.observation import (
    Captured,
    HandleInfo,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from harness.program.parse import parse_program
from harness.suite.load import load_suite
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

VMO = call("zx_vmo_create", 4096, 0, {"out_handle": "v"})
JOB = call("zx_job_create", {"h": "$job"}, 0, {"out_handle": "j"})
FIFO = call("zx_fifo_create", 4, 8, 0, {"out_handle": "f"}, {"out_handle": "g"})


def numbers(*args: Any) -> list[int | None]:
    return [arg.x86_64 if isinstance(arg, Number) else None for arg in args]


# ---- order and number of arguments


def test_vmar_options_move() -> None:
    step = last(
        VMO, call("zx_vmar_map", {"h": "$vmar"}, 3, 4096, {"h": "v"}, 8192, 16384, {"out": 8})
    )
    assert step.call == "zx_vmar_map"
    assert step.args[0] == HandleValue("$vmar")
    assert step.args[2] == HandleValue("v")
    assert numbers(*step.args) == [None, 4096, None, 8192, 16384, 3, None]

    step = last(
        call("zx_vmar_allocate", {"h": "$vmar"}, 384, 4096, 8192, {"out_handle": "r"}, {"out": 8})
    )
    assert numbers(*step.args) == [None, 4096, 8192, 384, None, None]
    assert step.args[4] == OutHandles(("r",))

    step = last(call("zx_vmar_protect", {"h": "$vmar"}, 1, 65536, 4096))
    assert numbers(*step.args) == [None, 65536, 4096, 1]


def test_ports_take_a_count() -> None:
    step = last(call("zx_port_queue", 3, {"in": {"zero": 48}}))
    assert numbers(*step.args)[2:] == [1]
    step = last(call("zx_port_wait", 3, 0, {"out": 48}))
    assert numbers(*step.args) == [3, 0, None, 1]


def test_futexes_have_no_owner() -> None:
    word = call("$buf", {"in": [{"u32": 0}], "name": "w"})
    step = last(word, call("zx_futex_wait", {"addr": "w"}, 0, 0, 5))
    assert numbers(*step.args) == [None, 0, 5]
    step = last(word, call("zx_futex_wait", {"addr": "w"}, 0, {"h": "$zero"}, 5))
    assert numbers(*step.args) == [None, 0, 5]
    step = last(word, call("zx_futex_requeue", {"addr": "w"}, 1, 2, {"addr": "w"}, 4, 0))
    assert numbers(*step.args) == [None, 1, 2, None, 4]
    reason = refused(word, call("zx_futex_wait", {"addr": "w"}, 0, {"h": "$thread"}, 5))
    assert reason == "step 1: zx_futex_wait: an owner"


def test_channel_call_has_a_read_status() -> None:
    step = last(call("zx_channel_call", 3, 0, 5, {"in": {"zero": 48}}, {"out": 4}, {"out": 4}))
    added = step.args[6]
    assert isinstance(added, Buffer)
    assert (added.size, added.reported) == (4, True)


def test_clock() -> None:
    step = last(call("zx_clock_get_monotonic"))
    assert (step.call, numbers(*step.args)) == ("zx_clock_get", [0])
    step = last(call("zx_thread_legacy_yield", 0))
    assert (step.call, numbers(*step.args)) == ("zx_nanosleep", [0])


def test_random_bytes_are_counted() -> None:
    step = last(call("zx_cprng_draw", {"out": 16}, 16))
    assert step.ret == "none"
    assert len(step.args) == 3
    assert "more than 256" in refused(call("zx_cprng_draw", {"out": 300}, 300))


def test_missing_arguments_are_zero() -> None:
    assert numbers(*last(call("zx_vmar_protect")).args) == [0, 0, 0, 0]
    step = last(call("zx_port_wait", 3))
    assert numbers(*step.args) == [3, 0, 0, 1]


def test_superfluous_buffers_are_refused() -> None:
    assert "beyond" in refused(call("zx_port_queue", 3, {"in": {"zero": 48}}, {"out": 4}))


# ---- fifos count bytes


def test_fifo_lengths_are_bytes() -> None:
    step = last(FIFO, call("zx_fifo_write", {"h": "f"}, 8, {"in": {"zero": 24}}, 3, {"out": 8}))
    assert numbers(*step.args) == [None, None, 24, None]
    step = last(FIFO, call("zx_fifo_read", {"h": "g"}, 8, {"out": 24}, 3, {"null": 1}))
    assert numbers(*step.args)[2] == 24
    added = step.args[3]
    assert isinstance(added, Buffer)
    assert added.size == 4


def test_fifo_length_cannot_overflow() -> None:
    step = last(FIFO, call("zx_fifo_read", {"h": "g"}, 8, {"out": 8}, -1, {"out": 8}))
    assert numbers(*step.args)[2] == 1 << 62


def test_another_element_than_the_fifos_is_out_of_range() -> None:
    step = last(FIFO, call("zx_fifo_read", {"h": "g"}, 4, {"out": 8}, 2, 0))
    assert numbers(*step.args)[2] == 0


def test_a_named_count_is_wide_for_later_steps() -> None:
    step = last(FIFO, call("zx_fifo_read", {"h": "g"}, 8, {"out": 8}, 1, {"out": 8, "name": "n"}))
    count = step.args[3]
    assert isinstance(count, Buffer)
    assert count.items == (Bytes(b"\xa5" * 4 + bytes(4), b"\xa5" * 4 + bytes(4)),)


# ---- numbers


@pytest.mark.parametrize("code", [0, 1, -2, (1 << 31) - 1, -(1 << 31)])
def test_return_codes(code: int) -> None:
    assert numbers(*last(call("zx_process_exit", code)).args) == [code & (1 << 64) - 1]


@pytest.mark.parametrize("code", [-1, 1 << 31, -(1 << 31) - 1, 1 << 62])
def test_return_codes_that_nobody_would_tell(code: int) -> None:
    assert "return code" in refused(call("zx_process_exit", code))


def test_a_log_gets_the_resource_it_wants() -> None:
    made = rewritten(call("zx_debuglog_create", 0, 0, {"out_handle": "l"}), call("$buf"))
    assert made.program.slots == ("$resource", "l")
    assert made.program.steps[0].args[0] == HandleValue("$resource")
    info = HandleInfo(7, 15, 0xD00F, 0)
    seen = [StepObservation(live=("$resource", "l")), StepObservation(live=("$resource",))]
    given = {"$resource": StoredHandle("handle", info)}
    back = made.restore(ProgramObservation("p", given=given, steps=seen))
    assert back.given == {}
    assert [step.live for step in back.steps] == [("l",), ()]
    step = last(call("zx_debuglog_create", 0, 1 << 30, {"out_handle": "l"}))
    assert numbers(*step.args)[0] == 0


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ("ZX_TIME_INFINITE", (1 << 64) - 1),
        (-1, 0),
        (-(1 << 63), 0),
        (0, 0),
        (5, 5),
        ((1 << 63) - 2, (1 << 63) - 2),
    ],
)
def test_deadlines(given: Any, there: int) -> None:
    assert numbers(*last(call("zx_object_wait_one", 3, 0, given, 0)).args)[2] == there
    assert numbers(*last(call("zx_timer_set", 3, given, 0)).args)[1] == there
    assert numbers(*last(call("zx_nanosleep", given)).args) == [there]


def test_deadlines_before_boot_are_over() -> None:
    assert numbers(*last(call("zx_nanosleep", {"deadline": -1000})).args) == [0]
    assert last(call("zx_nanosleep", {"deadline": 1000})).args == (Deadline(1000),)


def test_rights_that_2018_does_not_have_cannot_be_asked_for() -> None:
    wanted = "ZX_RIGHT_READ|ZX_RIGHT_RESIZE|ZX_RIGHT_OP_CHILDREN|ZX_RIGHT_MANAGE_SOCKET"
    step = last(call("zx_handle_duplicate", 3, wanted, {"out_handle": "d"}))
    assert numbers(*step.args)[1] == abi.CONSTANTS["ZX_RIGHT_READ"]
    step = last(call("zx_handle_replace", 3, 0x40000004, {"out_handle": "d"}))
    assert numbers(*step.args)[1] == 0x40000004
    step = last(call("zx_handle_duplicate", 3, "ZX_RIGHT_SAME_RIGHTS", {"out_handle": "d"}))
    assert numbers(*step.args)[1] == 0x80000000


def test_sizes_that_do_not_fit_stay_too_large() -> None:
    step = last(call("zx_object_wait_many", {"in": {"zero": 12}}, 1 << 32, 0))
    assert numbers(*step.args)[1] == 0xFFFFFFFF
    step = last(call("zx_fifo_create", 1 << 40, 8, 0, {"out_handle": "a"}, {"out_handle": "b"}))
    assert step.call == "zx_fifo_create"
    assert numbers(*step.args)[0] == 0xFFFFFFFF


def test_job_signals_move() -> None:
    step = last(JOB, call("zx_object_wait_one", {"h": "j"}, "ZX_JOB_NO_PROCESSES", 0, {"out": 4}))
    assert numbers(*step.args)[1] == 8
    step = last(JOB, call("zx_object_wait_one", {"h": "j"}, "ZX_JOB_NO_JOBS", 0, {"out": 4}))
    assert numbers(*step.args)[1] == 16
    assert "signals of a job" in refused(
        JOB, call("zx_object_wait_one", {"h": "j"}, "ZX_JOB_TERMINATED", 0, {"out": 4})
    )
    # Others keep their bit 5.
    step = last(call("zx_object_wait_one", {"h": "$proc"}, 32, 0, {"out": 4}))
    assert numbers(*step.args)[1] == 32


def test_job_signals_move_in_wait_items() -> None:
    items = [{"h": "$proc"}, {"u32": 32}, {"u32": 0}, {"h": "j"}, {"u32": 32}, {"u32": 0}]
    step = last(JOB, call("zx_object_wait_many", {"inout": items}, 2, 0))
    buffer = step.args[0]
    assert isinstance(buffer, Buffer)
    words = [item.value.x86_64 for item in buffer.items if isinstance(item, Sized)]
    assert words == [32, 0, 8, 0]
    # The call gives the mask back as it got it.
    made = rewritten(JOB, call("zx_object_wait_many", {"inout": items}, 2, 0))
    data = b"".join(n.to_bytes(4, "little") for n in (3, 32, 1, 7, 8, 24))
    step = StepObservation(outs={0: Captured(data, 24)})
    seen = ProgramObservation("p", steps=[StepObservation(), step])
    out = made.restore(seen).steps[1].outs[0].data
    assert [int.from_bytes(out[i : i + 4], "little") for i in range(0, 24, 4)] == [
        *(3, 32, 1),
        *(7, 32, 0x70),
    ]


def test_policy_actions_move() -> None:
    kill = {"in": [{"u32": "ZX_POL_NEW_VMO"}, {"u32": "ZX_POL_ACTION_KILL"}]}
    step = last(call("zx_job_set_policy", {"h": "$job"}, 0, 0, kill, 1))
    buffer = step.args[3]
    assert isinstance(buffer, Buffer)
    assert buffer.items[1] == Sized(4, Number(5, 5))
    wrong = {"in": [{"u32": "ZX_POL_NEW_VMO"}, {"u32": 5}]}
    buffer = last(call("zx_job_set_policy", {"h": "$job"}, 0, 0, wrong, 1)).args[3]
    assert isinstance(buffer, Buffer)
    assert buffer.items[1] == Sized(4, Number(0xFFFFFFFF, 0xFFFFFFFF))
    late = {"in": [{"u32": "ZX_POL_NEW_PAGER"}, {"u32": 1}]}
    assert "condition" in refused(call("zx_job_set_policy", {"h": "$job"}, 0, 0, late, 1))


@pytest.mark.parametrize(
    ("step", "position", "value"),
    [
        (call("zx_vmo_create", 4096, "ZX_VMO_RESIZABLE", {"out_handle": "v"}), 1, 0),
        (call("zx_vmo_create", 4096, 0x82, {"out_handle": "v"}), 1, 0x82),
        (call("zx_vmar_map", {"h": "$vmar"}, "ZX_VM_PERM_READ|ZX_VM_ALLOW_FAULTS"), 5, 1),
        (call("zx_vmar_protect", {"h": "$vmar"}, 1 << 31, 0, 1), 3, 1 << 31),
        # Wrong in both, so they stay what they are.
        (call("zx_vmar_protect", {"h": "$vmar"}, "ZX_VM_ALLOW_FAULTS", 0, 1), 3, 0x1000),
        (call("zx_vmar_allocate", {"h": "$vmar"}, "ZX_VM_REQUIRE_NON_RESIZABLE"), 3, 0x800),
    ],
)
def test_options(step: dict[str, Any], position: int, value: int) -> None:
    (made, *_) = [s for s in rewritten(step).program.steps if s.call == step["call"]]
    assert numbers(*made.args)[position] == value


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (call("zx_vmo_create", 4096, "ZX_VMO_DISCARDABLE", {"out_handle": "v"}), "discardable"),
        (call("zx_socket_read", 3, "ZX_SOCKET_PEEK", {"out": 1}, 1, 0), "PEEK"),
        (call("zx_channel_write", 3, 2, {"in": {"zero": 16}}, 1, 0, 0), "USE_IOVEC"),
        (call("zx_object_wait_async", 3, 3, 0, 1, 1), "TIMESTAMP"),
        (call("zx_object_wait_async", 3, 3, 0, 1, 2), "EDGE"),
        (call("zx_vmo_op_range", 3, "ZX_VMO_OP_ZERO", 0, 1, 0, 0), "ZERO"),
        (call("zx_object_get_info", 3, "ZX_INFO_SOCKET", {"out": 48}, 48, 0, 0), "INFO_SOCKET"),
        (call("zx_object_get_property", 3, 13, {"out": 8}, 8), "property 13"),
        (call("zx_object_get_property", 3, 11, {"out": 8}, 8), "property 11"),
        (call("zx_handle_close_many", {"in": {"zero": 4}}, 1), "no such call"),
        (call("zx_vmar_map", {"h": "$vmar"}, "ZX_VM_REQUIRE_NON_RESIZABLE"), "NON_RESIZABLE"),
        (call("zx_process_create", {"h": "$job"}, 0, 0, 1), "SHARED"),
        (call("zx_task_suspend", 3, {"out_handle": "t"}), "token"),
        (call("zxio_create", 0, {"storage": "s"}), "zxio"),
        (call("zx_vmo_create_child", 3, 8, 0, 4096, {"out_handle": "c"}), "slice"),
    ],
)
def test_what_cannot_be_said(step: dict[str, Any], reason: str) -> None:
    assert reason in refused(step)


# ---- copies of VMOs, sockets


@pytest.mark.parametrize(
    ("options", "there"), [(1, 1), (5, 1), (16, 1), (0, 0), (17, 0), (4, 0), (128, 0)]
)
def test_children_are_clones(options: int, there: int) -> None:
    step = last(VMO, call("zx_vmo_create_child", {"h": "v"}, options, 0, 1, {"out_handle": "c"}))
    assert step.call == "zx_vmo_clone"
    assert numbers(*step.args) == [None, there, 0, 1, None]


@pytest.mark.parametrize(("own", "peer", "there"), [(1, 0, 1), (0, 1, 2), (1, 1, 3)])
def test_disabling_is_a_write(own: int, peer: int, there: int) -> None:
    step = last(call("zx_socket_set_disposition", 3, own, peer))
    assert step.call == "zx_socket_write"
    assert numbers(*step.args) == [3, there, 0, 0, 0]


@pytest.mark.parametrize(
    ("condition", "action", "fits"),
    [("NEW_FIFO", "DENY", True), ("NEW_TIMER", "DENY", False), ("NEW_FIFO", "KILL", False)],
)
def test_policies(condition: str, action: str, fits: bool) -> None:
    policy = {f"ZX_POL_{condition}": f"ZX_POL_ACTION_{action}"}
    entry = {"name": "p", "policy": policy, "steps": []}
    found = rewrite(parse_program(entry), EDITION_2018)
    assert isinstance(found, Rewritten if fits else Refusal)
    if isinstance(found, Rewritten):
        assert found.program.policy == {10: 1}


def test_the_root_job_is_refused() -> None:
    assert "in another" in refused(call("zx_object_wait_one", {"h": "$rootjob"}, 0, 0))


MADE_PROCESS = call(
    "zx_process_create",
    {"h": "$job"}, {"in": {"str": "p"}}, 1, 0, {"out_handle": "p"}, {"out_handle": "v"},
)  # fmt: skip
MADE_THREAD = call("zx_thread_create", {"h": "p"}, {"in": {"str": "t"}}, 1, 0, {"out_handle": "t"})


def test_suspending_what_does_not_run_is_refused() -> None:
    suspend = "zx_task_suspend_token"
    reason = refused(MADE_PROCESS, call(suspend, {"h": "p"}, {"out_handle": "s"}))
    assert "does not run" in reason
    reason = refused(MADE_PROCESS, MADE_THREAD, call(suspend, {"h": "t"}, {"out_handle": "s"}))
    assert "does not run" in reason
    assert last(call(suspend, {"h": "$thread"}, {"out_handle": "s"})).call == suspend


def test_starting_a_first_thread_alone_is_refused() -> None:
    start = "zx_thread_start"
    assert "first thread" in refused(MADE_PROCESS, MADE_THREAD, call(start, {"h": "t"}, 0, 0, 0, 0))
    assert last(call(start, {"h": "$thread"}, 0, 0, 0, 0)).call == start
    own = {**MADE_THREAD, "args": [{"h": "$proc"}, *MADE_THREAD["args"][1:]]}
    assert last(own, call(start, {"h": "t"}, 0, 0, 0, 0)).call == start


def test_waiting_for_a_process_that_is_started_is_refused() -> None:
    start = call("zx_process_start", {"h": "p"}, {"h": "t"}, 0, 0, {"h": "$zero"}, 0)
    wait = call("zx_object_wait_one", {"h": "p"}, 8, {"deadline": 5}, {"null": 1})
    assert "faults" in refused(MADE_PROCESS, MADE_THREAD, start, wait)
    assert last(MADE_PROCESS, MADE_THREAD, wait, start).call == "zx_process_start"


def test_enabling_is_refused() -> None:
    assert "disabling" in refused(call("zx_socket_set_disposition", 3, 2, 0))
    assert "disabling" in refused(call("zx_socket_set_disposition", 3, 0, 0))


# ---- records and topics


def test_topics_lose_their_version() -> None:
    step = last(call("zx_object_get_info", 3, "ZX_INFO_PROCESS", {"out": 24}, 24, 0, 0))
    assert numbers(*step.args)[1] == 3
    assert numbers(*step.args)[3] == 24
    # Too short there, too.
    step = last(call("zx_object_get_info", 3, "ZX_INFO_PROCESS", {"out": 23}, 23, 0, 0))
    assert numbers(*step.args)[3] == 7
    # Nobody knows this topic.
    step = last(call("zx_object_get_info", 3, 100, {"out": 24}, 24, 0, 0))
    assert numbers(*step.args)[1] == 100


def test_records_that_later_steps_read_are_refused() -> None:
    step = call("zx_object_get_info", 3, "ZX_INFO_PROCESS", {"out": 24, "name": "i"}, 24, 0, 0)
    assert "whose parts are used" in refused(step)


# ---- rights of new handles


def test_new_handles_are_narrowed() -> None:
    made = rewritten(call("zx_event_create", 0, {"out_handle": "e"}), call("zx_handle_close", 0))
    create, narrow, close = made.program.steps
    assert (create.call, close.call) == ("zx_event_create", "zx_handle_close")
    assert narrow.call == "zx_handle_replace"
    both = abi.CONSTANTS["ZX_DEFAULT_EVENT_RIGHTS"]
    assert narrow.args == (HandleValue("e"), Number(both, both), OutHandles(("e",)))


def test_handles_that_have_no_more_rights_are_not() -> None:
    assert len(rewritten(FIFO).program.steps) == 1


def test_read_stays_where_the_program_asks_for_information() -> None:
    ask = call("zx_object_get_info", {"h": "e"}, "ZX_INFO_HANDLE_COUNT", {"out": 4}, 4, 0, 0)
    made = rewritten(call("zx_event_create", 0, {"out_handle": "e"}), ask)
    rights = numbers(*made.program.steps[1].args)[1]
    assert rights is not None
    assert abi.rights_names(rights & ~abi.CONSTANTS["ZX_DEFAULT_EVENT_RIGHTS"]) == "READ"


def test_given_handles_are_narrowed_first() -> None:
    made = rewritten(call("zx_handle_close", {"h": "$resource"}))
    assert [step.call for step in made.program.steps] == ["zx_handle_replace", "zx_handle_close"]


def test_helpers_are_rewritten_too() -> None:
    made = rewritten(
        call("$spawn", "t"),
        call("$join", "t"),
        threads={"t": [call("zx_port_queue", 3, {"in": {"zero": 48}})]},
    )
    assert numbers(*made.program.threads["t"][0].args)[2] == 1


def test_buffers_by_name_stay() -> None:
    step = last(
        call("$buf", {"in": {"zero": 48}, "name": "p"}), call("zx_port_queue", 3, {"addr": "p"})
    )
    assert step.args[1] == BufferRef("p")


# ---- everything


def test_the_recorded_programs_can_all_be_said_in_2018() -> None:
    """Their results were recorded on such kernels."""
    for entry in load_suite():
        if entry.truth is not None:
            assert isinstance(rewrite(entry.program, EDITION_2018), Rewritten), entry.name


def test_rewritten_programs_call_what_2018_has() -> None:
    for entry in load_suite():
        found = rewrite(entry.program, EDITION_2018)
        if isinstance(found, Refusal):
            assert found.reason
            continue
        for step in found.program.all_steps():
            if not step.is_pseudo:
                assert EDITION_2018.has(step.call)
                assert len(step.args) <= 8


def test_shapes_name_calls_of_both_editions() -> None:
    for name, shape in SHAPES.items():
        assert name in abi.CALLS
        assert EDITION_2018.has(shape.call or name)
        if shape.order is not None:
            assert len(shape.order) == len(EDITION_2018.calls[shape.call or name].params)


def test_defects_are_avoided_on_request() -> None:
    read = program(call("zx_debuglog_read", 3, 0, {"out": 8}, 8))
    assert isinstance(rewrite(read, EDITION_2018), Rewritten)
    found = rewrite(read, EDITION_2018, avoid_defects=True)
    assert isinstance(found, Refusal)
    assert "short-log-read" in found.reason
    harmless = program(call("zx_debuglog_read", 3, 0, {"out": 256}, 256))
    assert isinstance(rewrite(harmless, EDITION_2018, avoid_defects=True), Rewritten)


@pytest.mark.parametrize("mapped", ["v", "w"])
def test_copies_within_a_vmo_are_a_defect(mapped: str) -> None:
    vmos = [call("zx_vmo_create", 4096, 0, {"out_handle": slot}) for slot in "vw"]
    place = {"out": 8, "name": "m"}
    mapping = call("zx_vmar_map", {"h": "$vmar"}, 3, 0, {"h": mapped}, 0, 4096, place)
    write = call("zx_vmo_write", {"h": "v"}, {"val": "m"}, 0, 4)
    found = rewrite(program(*vmos, mapping, write), EDITION_2018, avoid_defects=True)
    assert isinstance(found, Refusal if mapped == "v" else Rewritten)


@pytest.mark.parametrize(
    ("wait", "wake", "met"),
    [
        (call("zx_interrupt_wait", {"h": "i"}, 0), call("zx_interrupt_trigger", {"h": "i"}), True),
        (call("zx_interrupt_wait", {"h": "i"}, 0), call("zx_handle_close", {"h": "i"}), True),
        (call("zx_interrupt_wait", {"h": "i"}, 0), call("zx_handle_close", {"h": "j"}), False),
        (call("zx_port_wait", {"h": "p"}, 0), call("zx_interrupt_trigger", {"h": "i"}), True),
        (call("zx_port_wait", {"h": "p"}, 0), call("zx_handle_close", {"h": "p"}), False),
    ],
)
def test_waking_who_waits_for_an_interrupt_is_a_defect(
    wait: dict[str, Any], wake: dict[str, Any], met: bool
) -> None:
    made = [call("zx_interrupt_create", 0, 0, 16, {"out_handle": slot}) for slot in "ij"]
    port = call("zx_port_create", 1, {"out_handle": "p"})
    before = (*made, port, call("$spawn", "t"))
    for main, helper in ((wait, wake), (wake, wait)):
        text = program(*before, main, threads={"t": [helper]})
        assert isinstance(rewrite(text, EDITION_2018), Refusal) == met  # whether asked for or not
        assert isinstance(rewrite(text, EDITION_2018, avoid_defects=True), Refusal) == met
    alone = program(*before, wake, wait, threads={"t": [call("zx_nanosleep", 0)]})
    assert isinstance(rewrite(alone, EDITION_2018, avoid_defects=True), Rewritten)


@pytest.mark.parametrize(
    ("options", "vmo", "met"), [(1, "$vdso", True), (2, "$vdso", False), (1, "v", False)]
)
def test_pinning_the_vdso_is_a_defect(options: int, vmo: str, met: bool) -> None:
    made = call("zx_vmo_create", 4096, 0, {"out_handle": "v"})
    pin = call("zx_bti_pin", 3, options, {"h": vmo}, 0, 4096, {"out": 8}, 1, {"out_handle": "t"})
    assert isinstance(rewrite(program(made, pin), EDITION_2018), Refusal) == met


def test_rewritten_programs_without_new_calls_can_be_encoded() -> None:
    found = rewritten(
        FIFO, call("zx_fifo_write", {"h": "f"}, 8, {"in": {"zero": 8}}, 1, {"out": 8})
    )
    assert encode_program(found.program, "x86_64")

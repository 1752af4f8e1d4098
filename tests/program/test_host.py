"""Programs on the host: memory, pointers, slots, threads, and every way to end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.errors import InputError, SessionEndedError
from harness.program.model import Buffer, HandleValue, Number, OutHandles, Pointer, Step
from harness.program.normalise import Result, normalise
from harness.program.parse import parse_list, parse_program
from harness.targets.host import HostTarget
from harness.targets.run import fnv1a
from zxio_py.kernel.event import Event
from zxio_py.kernel.raw import ENTRIES

SHORT_LIMIT_NS = 300_000_000


@pytest.fixture(scope="module")
def target() -> Iterator[HostTarget]:
    with HostTarget() as opened:
        yield opened


def run(target: HostTarget, *steps: Any, **more: Any) -> Result:
    program = parse_program({"name": "p", "steps": list(steps), **more})
    return normalise(program, target.run(program))


def step(call: str, *args: Any, **more: Any) -> dict[str, Any]:
    return {"call": call, "args": list(args), **more}


def event(slot: str = "e") -> dict[str, Any]:
    return step("zx_event_create", 0, {"out_handle": slot})


def statuses(result: Result) -> list[str]:
    return [entry.get("status_name", "") for entry in result["steps"]]


def test_slots_and_live(target: HostTarget) -> None:
    result = run(target, event(), event("f"), step("zx_handle_close", {"h": "e"}))
    assert [entry["live"] for entry in result["steps"]] == [["e"], ["e", "f"], ["f"]]


def test_a_slot_keeps_its_handle_when_nothing_is_stored(target: HostTarget) -> None:
    result = run(target, event(), step("zx_event_create", 5, {"out_handle": "e"}))
    assert result["steps"][1]["handles"] == {"e": "untouched"}
    assert result["steps"][1]["live"] == ["e"]


def test_bogus_handles(target: HostTarget) -> None:
    result = run(
        target,
        event(),
        step("zx_handle_close", {"h": "e", "xor": 8}),
        step("zx_handle_close", {"h": "$zero"}),
        step("zx_handle_close", {"h": "e"}),
    )
    assert statuses(result)[1:] == ["ZX_ERR_BAD_HANDLE", "ZX_OK", "ZX_OK"]
    assert "given" not in result


def test_given_slots(target: HostTarget) -> None:
    slots = ("$job", "$proc", "$vmar", "$thread", "$rootvmar", "$resource", "$vdso", "$rootjob")
    result = run(target, *[step("zx_handle_close", {"h": slot}) for slot in slots])
    assert {slot: entry["type"] for slot, entry in result["given"].items()} == {
        "$job": "JOB",
        "$proc": "PROCESS",
        "$vmar": "VMAR",
        "$thread": "THREAD",
        "$rootvmar": "VMAR",
        "$resource": "RESOURCE",
        "$vdso": "VMO",
        "$rootjob": "JOB",
    }
    assert result["given"]["$thread"]["related"] == "$proc"
    assert statuses(result) == ["ZX_OK"] * 8
    assert result["steps"][0]["live"] == list(slots[1:])


@pytest.mark.parametrize(
    ("kind", "add", "load", "store"),
    [
        ("null", 0, "read", "write"),
        ("unmapped", 0, "read", "write"),
        ("kernel", 0, "read", "write"),
        ("noncanon", 0, "read", "write"),
        ("readonly", 0, None, "write"),
        ("edge", 0, "read", "write"),
        ("edge", -4, "read", "write"),
        ("edge", -8, None, None),
    ],
)
def test_pointers(
    target: HostTarget, kind: str, add: int, load: str | None, store: str | None
) -> None:
    result = run(
        target,
        step("$load", {"ptr": kind, "add": add}, 8),
        step("$store", {"ptr": kind, "add": add}, 8, 1),
    )
    assert [entry.get("fault") for entry in result["steps"]] == [load, store]
    assert ("error" in result) is False


def test_load_and_store(target: HostTarget) -> None:
    result = run(
        target,
        step("$buf", {"in": "0102030405060708", "name": "b"}),
        step("$store", {"addr": "b", "add": 2}, 2, 0x1FFFE),
        step("$load", {"addr": "b", "add": 1}, 4),
        step("$load", {"addr": "b"}, 1),
        step("$show", {"buf": "b"}),
    )
    assert result["steps"][2]["ret"] == 0x05FFFE02
    assert result["steps"][3]["ret"] == 1
    assert result["steps"][4]["outs"] == {"0": "0102feff05060708"}


def test_edge_buffers_end_where_memory_ends(target: HostTarget) -> None:
    result = run(
        target,
        step("$buf", {"in": "0102", "size": 4, "edge": 1, "name": "b"}),
        step("$load", {"addr": "b"}, 4),
        step("$load", {"addr": "b", "add": 1}, 4),
        step("$buf", {"out": 5000, "edge": 1, "name": "big"}),
        step("$load", {"addr": "big", "add": 4999}, 1),
        step("$load", {"addr": "big", "add": 5000}, 1),
    )
    assert result["steps"][1]["ret"] == 0xA5A50201
    assert [entry.get("fault") for entry in result["steps"]] == [
        *(None, None, "read"),
        *(None, None, "read"),
    ]


def test_items(target: HostTarget) -> None:
    result = run(
        target,
        event(),
        step("$buf", {"in": "00", "name": "b"}),
        step(
            "$buf",
            {
                "inout": [
                    *("0aff", {"hex": {"x86_64": "86", "arm64": "64"}}, {"str": "é"}),
                    *({"u8": -1}, {"u16": {"x86_64": 2, "arm64": 3}}, {"u32": "ZX_RIGHT_READ"}),
                    *({"zero": 2}, {"fill": [7, 3]}),
                ],
                "size": 20,
            },
            {"inout": [{"h": "e"}, {"koid": "e"}], "handles": [[0, "f"]], "koids": [4]},
            {"inout": [{"addr": "b", "add": 3}, {"ptr": "null", "add": 5}], "name": "c"},
        ),
        step("zx_nanosleep", {"val": "c", "off": 8, "add": -5}),
        step("$load", {"val": "c", "add": -3}, 1),
    )
    outs = result["steps"][2]["outs"]
    assert outs["0"] == "0aff86c3a9ff0200040000000000070707.3"
    assert outs["1"] == "????????<koid e>"
    assert result["steps"][2]["live"] == ["e", "f"]
    assert result["steps"][4]["ret"] == 0


def test_a_deadline_is_counted_from_the_call(target: HostTarget) -> None:
    result = run(
        target,
        step("zx_nanosleep", {"deadline": 20_000_000}, min_ns=20_000_000),
        step("zx_nanosleep", {"deadline": -5}, min_ns=5_000_000_000),
    )
    assert [entry["elapsed_at_least_min"] for entry in result["steps"]] == [True, False]


def test_long_buffers_are_cut_and_hashed(target: HostTarget) -> None:
    result = run(target, step("$buf", {"inout": {"fill": [65, 600]}, "show": 2}))
    assert result["steps"][0]["outs"]["0"] == f"4141...[600 bytes, fnv1a {fnv1a(b'A' * 600):016x}]"
    assert fnv1a(b"") == 0xCBF29CE484222325
    assert fnv1a(b"a") == 0xAF63DC4C8601EC8C


def test_a_name_is_bound_anew(target: HostTarget) -> None:
    result = run(
        target,
        step("$buf", {"in": "01", "name": "b"}),
        step("$load", {"addr": "b"}, 1),
        step("$buf", {"in": "02", "name": "b"}),
        step("$load", {"addr": "b"}, 1),
    )
    assert [entry.get("ret") for entry in result["steps"]] == [None, 1, None, 2]


def test_repeat_reports_the_last_call(target: HostTarget) -> None:
    result = run(
        target,
        event(),
        step("zx_handle_close", {"h": "e"}, repeat=2),
    )
    assert statuses(result)[1] == "ZX_ERR_BAD_HANDLE"


def test_missing_functions_are_said_and_the_rest_runs(
    target: HostTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host has all; it does without one here."""
    assert not target.missing_calls()
    monkeypatch.setattr(
        "harness.targets.host.entry_of",
        lambda name: None if name == "zx_port_create" else ENTRIES[name],
    )
    result = run(target, step("zx_port_create", 0, {"out_handle": "p"}), event())
    assert result["steps"][0]["error"] == "no such function"
    assert statuses(result)[1] == "ZX_OK"


# Threads -----------------------------------------------------------------------------------


def test_helpers_share_slots_and_buffers(target: HostTarget) -> None:
    result = run(
        target,
        step("$buf", {"in": "00", "name": "b"}),
        step("$spawn", "t"),
        step("$join", "t"),
        step("$load", {"addr": "b"}, 1),
        step("zx_handle_close", {"h": "made"}),
        threads={"t": [event("made"), step("$store", {"addr": "b"}, 1, 9)]},
    )
    assert statuses(result) == ["", "ZX_OK", "ZX_OK", "", "ZX_OK"]
    assert result["steps"][3]["ret"] == 9
    assert "live" not in result["steps"][1]
    assert result["steps"][2]["live"] == ["made"]
    assert statuses({"steps": result["threads"]["t"]}) == ["ZX_OK", ""]


def test_a_helper_that_is_not_joined_ends_with_the_program(target: HostTarget) -> None:
    result = run(
        target,
        event(),
        step("$spawn", "t"),
        threads={"t": [step("zx_object_wait_one", {"h": "e"}, 8, "ZX_TIME_INFINITE", 0)]},
    )
    assert "error" not in result
    assert result["threads"] == {"t": []}


def test_a_helper_blocked_for_good_is_killed_by_join(
    target: HostTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.targets.run.JOIN_LIMIT_NS", 50_000_000)
    result = run(
        target,
        event(),
        step("$spawn", "t"),
        step("$join", "t"),
        event("after"),
        threads={"t": [step("zx_object_wait_one", {"h": "e"}, 8, "ZX_TIME_INFINITE", 0)]},
    )
    assert statuses(result)[2:] == ["ZX_ERR_TIMED_OUT", "ZX_OK"]
    assert result["steps"][2]["live"] == ["e"]
    assert result["threads"] == {"t": []}
    assert "error" not in result


# Endings -----------------------------------------------------------------------------------


def test_a_program_that_never_returns_is_ended() -> None:
    with HostTarget(SHORT_LIMIT_NS) as target:
        blocked = step("zx_object_wait_one", {"h": "e"}, 8, "ZX_TIME_INFINITE", 0)
        for _ in range(2):
            result = run(target, event(), blocked, event())
            assert result["error"] == "time limit"
            assert statuses(result) == ["ZX_OK"]
        assert "error" not in run(target, event())


def test_a_fault_in_the_library_ends_the_program(target: HostTarget) -> None:
    result = run(target, event(), step("zxio_close", {"ptr": "unmapped"}), event())
    assert result["error"] == "fatal exception"
    assert len(result["steps"]) == 1


def test_a_fault_in_a_helper_ends_the_program(target: HostTarget) -> None:
    result = run(
        target,
        event(),
        step("$spawn", "t"),
        step("zx_object_wait_one", {"h": "e"}, 8, "ZX_TIME_INFINITE", 0),
        threads={"t": [step("zxio_close", {"ptr": "noncanon"})]},
    )
    assert result["error"] == "fatal exception"


def test_what_a_program_leaves_behind_is_said(target: HostTarget) -> None:
    left = Event(target._machine.jobs.kernel)
    assert run(target, event())["error"] == "leak"
    assert left.koid not in target._machine.jobs.kernel.alive  # the rest runs on a new machine
    assert "error" not in run(target, event())


def test_what_the_display_still_shows_is_left_behind(target: HostTarget) -> None:
    show = "zx_framebuffer_set_range"
    steps = [
        step("zx_vmo_create", 8192, 0, {"out_handle": "v"}),
        step(show, {"h": "$resource"}, {"h": "v"}, 0, 0, 0, 0, 0),
    ]
    assert run(target, *steps)["error"] == "leak"
    assert "error" not in run(target, *steps, step(show, {"h": "$resource"}, 0, 0, 0, 0, 0, 0))


def test_an_end_that_lies_in_its_own_queue_is_no_leak(target: HostTarget) -> None:
    channel = step("zx_channel_create", 0, {"out_handle": "a"}, {"out_handle": "b"})
    loop = step("zx_channel_write", {"h": "a"}, 0, 0, 0, {"in": {"h": "b"}}, 1)
    assert "error" not in run(target, channel, loop)


def test_an_interrupt_leaves_nothing_running(
    target: HostTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    blocked = step("zx_object_wait_one", {"h": "e"}, 8, "ZX_TIME_INFINITE", 0)
    with monkeypatch.context() as patched:
        patched.setattr("harness.targets.run.Run._access", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(
                target,
                event(),
                step("$spawn", "t"),
                step("$load", 0, 1),
                threads={"t": [blocked]},
            )
    assert "error" not in run(target, event())


def test_a_batch_gives_one_observation_per_program(target: HostTarget) -> None:
    programs = [
        parse_program({"name": f"p{number}", "steps": [event()] * number}) for number in range(5)
    ]
    target.start(programs)
    seen = target.finish()
    assert [(o.name, len(o.steps)) for o in seen] == [(f"p{n}", n) for n in range(5)]
    assert target.finish() == []


# Sessions ----------------------------------------------------------------------------------


def test_a_session_keeps_its_slots_and_buffers(target: HostTarget) -> None:
    session = target.open_session()
    try:
        session.step(Step("zx_event_create", (Number(0, 0), OutHandles(("e",)))))
        for _ in range(3):
            buffer = Buffer((), 4, True)
            seen = session.step(
                Step(
                    "zx_object_wait_one",
                    (HandleValue("e"), Number(8, 8), Number(0, 0), buffer),
                )
            )
            assert seen.outs[3].data == bytes(4)
            assert seen.live == ("e",)
        seen = session.step(
            Step("zx_handle_close", (HandleValue("$job"), Pointer("edge"), Pointer("readonly")))
        )
        assert seen.ret == 0
        with pytest.raises(InputError, match="no helper threads"):
            session.step(Step("$spawn", thread="t"))
    finally:
        session.close()
    with pytest.raises(SessionEndedError, match="closed"):
        session.step(Step("zx_nanosleep"))


def test_a_step_that_never_ends_ends_the_session() -> None:
    with HostTarget(time_limit_ns=100_000_000) as target:
        session = target.open_session()
        session.step(Step("zx_event_create", (Number(0, 0), OutHandles(("e",)))))
        never = Number(2**63 - 1, 2**63 - 1)
        wait = Step("zx_object_wait_one", (HandleValue("e"), Number(8, 8), never, Pointer("null")))
        with pytest.raises(SessionEndedError, match=r"zx_object_wait_one ended.*time_limit"):
            session.step(wait)


def test_every_program_that_never_ends_is_ended() -> None:
    steps = [{"call": "zx_nanosleep", "args": [{"deadline": 14_000_000_000}]}]
    batch = parse_list([{"name": f"nanosleep_{i}", "steps": steps} for i in range(20)], "test")
    with HostTarget(time_limit_ns=2_000_000) as target:
        target.start(batch)
        assert [seen.ending for seen in target.finish()] == ["time_limit"] * 20


CODE = [
    step("zx_vmo_create", 4096, 0, {"out_handle": "m"}),
    step("zx_vmo_replace_as_executable", {"h": "m"}, 0, {"out_handle": "x"}),
    step(
        "zx_process_create",
        {"h": "$job"},
        {"in": {"str": "p"}},
        1,
        0,
        {"out_handle": "p"},
        {"out_handle": "v"},
    ),
    step("zx_thread_create", {"h": "p"}, {"in": {"str": "t"}}, 1, 0, {"out_handle": "t"}),
    step(
        "zx_vmar_map",
        {"h": "v"},
        "ZX_VM_PERM_READ|ZX_VM_PERM_EXECUTE|ZX_VM_SPECIFIC",
        65536,
        {"h": "x"},
        0,
        4096,
        {"out": 8, "name": "at"},
    ),
]
START = step("zx_process_start", {"h": "p"}, {"h": "t"}, {"val": "at"}, 0, {"h": "$zero"}, 0)


def test_machine_code_ends_a_program_where_it_would_run(target: HostTarget) -> None:
    result = run(target, *CODE, START, event())
    assert result["error"] == "not emulatable"
    assert len(result["steps"]) == len(CODE)
    assert run(target, event()).get("error") is None


def test_machine_code_of_a_suspended_process_is_come_to_later(target: HostTarget) -> None:
    suspend = step("zx_task_suspend_token", {"h": "p"}, {"out_handle": "s"})
    state = step("zx_thread_read_state", {"h": "t"}, 0, {"out": 160}, 160)
    result = run(target, *CODE, suspend, START, state, step("zx_handle_close", {"h": "s"}), event())
    assert result["error"] == "not emulatable"
    assert statuses(result)[-2:] == ["ZX_OK", "ZX_OK"]
    assert len(result["steps"]) == len(CODE) + 3


def test_a_thread_in_a_call_that_is_sent_elsewhere_is_not_emulatable(target: HostTarget) -> None:
    result = run(
        target,
        event(),
        step("$spawn", "t"),
        step(
            "zx_object_get_info",
            {"h": "$proc"},
            "ZX_INFO_PROCESS_THREADS",
            {"out": 16, "koids": [0, 8], "name": "k"},
            16,
        ),
        step(
            "zx_object_get_child",
            {"h": "$proc"},
            {"val": "k", "off": 8, "size": 8},
            "ZX_RIGHT_SAME_RIGHTS",
            {"out_handle": "t"},
        ),
        step("zx_task_suspend_token", {"h": "t"}, {"out_handle": "s"}),
        step("zx_thread_write_state", {"h": "t"}, 0, {"in": [{"zero": 160}]}, 160),
        step("zx_handle_close", {"h": "s"}),
        event("never"),
        threads={"t": [step("zx_object_wait_one", {"h": "e"}, 8, "ZX_TIME_INFINITE")]},
    )
    assert result["error"] == "not emulatable"
    assert len(result["steps"]) == 6


def test_killing_the_root_job_ends_the_machine_and_another_takes_over(target: HostTarget) -> None:
    kill = parse_program(
        {
            "name": "job_kill_root",
            "steps": [{"call": "zx_task_kill", "args": [{"h": "$rootjob"}]}],
        }
    )
    create = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}
    event = parse_program({"name": "event_x", "steps": [create]})
    target.start([kill, event])
    lost, after = target.finish()
    assert lost.ending == "lost"
    assert "root job" in lost.error
    assert after.ending == "finished"
    session = target.open_session()
    with pytest.raises(SessionEndedError):
        session.step(Step("zx_task_kill", (HandleValue("$rootjob"),)))
    session = target.open_session()
    assert session.step(Step("zx_ticks_get")).ret
    session.close()


def test_who_listens_to_exceptions_of_a_program_goes_with_it(target: HostTarget) -> None:
    """Python may keep its process a little longer, which is not to be seen."""
    listen = step("zx_task_create_exception_channel", {"h": "$proc"}, 0, {"out_handle": "c"})
    helper = [
        step("zx_object_wait_one", {"h": "e"}, "ZX_USER_SIGNAL_0", "ZX_TIME_INFINITE"),
        step("zx_object_wait_one", {"h": "$thread"}, "ZX_THREAD_TERMINATED", "ZX_TIME_INFINITE"),
    ]
    signal = step("zx_object_signal", {"h": "e"}, 0, "ZX_USER_SIGNAL_0")
    for _ in range(4):
        seen = run(target, event(), step("$spawn", "t"), listen, signal, threads={"t": helper})
        assert "error" not in seen, seen["console"]

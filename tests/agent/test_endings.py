"""Programs that fault, exit, hang or run wild: each loses only itself and is reported as such."""

from __future__ import annotations

from agent_programs import Run

from harness.program.parse import parse_list
from harness.targets.guest import GuestTarget
from zxio_py.abi import NUMBERS
from zxio_py.abi.status import ZX_ERR_TIMED_OUT

BAD_STORE = {"call": "zx_system_get_features", "args": [0, {"ptr": "unmapped"}]}
EVENT = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}


def status(ret: int) -> int:
    """A returned value as a status."""
    return ret - (1 << 32) if ret & 0x80000000 else ret


def test_a_fault_tells_kind_address_and_registers(run: Run) -> None:
    seen = run(EVENT, BAD_STORE, EVENT)
    assert seen.ending == "fault"
    assert "ZX_EXCP_FATAL_PAGE_FAULT at address 0x600000000000" in seen.error
    assert len(seen.steps) == 1
    argument = seen.registers.get("rsi", seen.registers.get("x1"))
    assert argument == 0x600000000000


def test_a_fault_of_a_helper_ends_the_program(run: Run) -> None:
    join = [{"call": "$spawn", "args": ["t"]}, {"call": "$join", "args": ["t"]}]
    seen = run(*join, t=[BAD_STORE])
    assert seen.ending == "fault"
    assert len(seen.steps) == 1


def test_an_exit_has_its_code(run: Run) -> None:
    seen = run(EVENT, {"call": "zx_process_exit", "args": [-3]}, EVENT)
    assert (seen.ending, seen.retcode, len(seen.steps)) == ("exited", -3, 1)


def test_the_main_thread_may_leave(run: Run) -> None:
    seen = run({"call": "zx_thread_exit"}, EVENT)
    assert (seen.ending, seen.retcode, len(seen.steps)) == ("exited", 0, 0)


def test_a_kill_is_not_an_exit(run: Run) -> None:
    seen = run({"call": "zx_task_kill", "args": [{"h": "$proc"}]})
    assert seen.ending == "killed"
    assert "ZX_TASK_RETCODE_SYSCALL_KILL" in seen.error


def test_a_program_that_never_returns_is_stopped() -> None:
    forever = {"name": "zx_forever", "steps": [{"call": "zx_nanosleep", "args": [2**63 - 1]}]}
    spin = {"name": "zx_spin", "steps": [{"call": "zx_ticks_per_second", "repeat": 10_000_000}] * 9}
    after = {"name": "zx_after", "steps": [EVENT]}
    with GuestTarget("x86_64", time_limit_ns=200_000_000) as guest:
        guest.start(parse_list([forever, spin, after], "test"))
        sleeping, spinning, last = guest.finish()
    assert sleeping.ending == spinning.ending == "time_limit"
    assert sleeping.steps == []
    assert (last.ending, len(last.steps)) == ("finished", 1)


def test_a_helper_that_does_not_end_is_left_behind(run: Run) -> None:
    steps = [
        {"call": "$spawn", "args": ["t"]},
        {"call": "$join", "args": ["t"]},
        {"call": "zx_nanosleep", "args": [0]},
    ]
    seen = run(*steps, t=[{"call": "zx_nanosleep", "args": [2**63 - 1]}, EVENT])
    assert seen.ending == "finished"
    assert status(seen.steps[1].ret) == ZX_ERR_TIMED_OUT
    assert seen.threads["t"] == []


def test_a_thread_may_end_without_its_stack(run: Run) -> None:
    exit_call = {
        "call": "zx_futex_wake_handle_close_thread_exit",
        "args": [{"addr": "f"}, 1, 5, {"h": "e"}],
        "ret": "none",
    }
    steps = [
        EVENT,
        {"call": "$buf", "args": [{"in": {"u32": 0}, "name": "f"}]},
        {"call": "$spawn", "args": ["t"]},
        {"call": "zx_futex_wait", "args": [{"addr": "f"}, 0, 0, {"deadline": 3_000_000_000}]},
        {"call": "$join", "args": ["t"]},
        {"call": "$show", "args": [{"buf": "f"}]},
    ]
    nap = {"call": "zx_nanosleep", "args": [{"deadline": 10_000_000}]}
    seen = run(*steps, t=[nap, exit_call, nap])
    assert seen.ending == "finished"
    assert seen.steps[-1].outs[0].data == b"\5\0\0\0"
    assert seen.steps[-1].live == ()
    assert len(seen.threads["t"]) == 1


def test_a_system_call_from_elsewhere_kills(run: Run) -> None:
    # Code of the program's own that traps with a valid number, run by a thread of its own.
    number = NUMBERS["zx_nanosleep"]
    x86_64 = b"\xb8" + number.to_bytes(4, "little") + b"\x0f\x05"  # mov eax, n; syscall
    arm64 = (0xD2800010 | number << 5).to_bytes(4, "little") + b"\x01\x00\x00\xd4"
    code = {"x86_64": x86_64.ljust(8, b"\x90").hex(), "arm64": arm64.hex()}
    seen = run(
        {"call": "zx_vmo_create", "args": [4096, 0, {"out_handle": "v"}]},
        {"call": "zx_vmo_write", "args": [{"h": "v"}, {"in": {"hex": code}}, 0, 8]},
        {"call": "zx_vmo_replace_as_executable", "args": [{"h": "v"}, 0, {"out_handle": "x"}]},
        {
            "call": "zx_vmar_map",
            "args": [
                {"h": "$rootvmar"},
                "ZX_VM_PERM_READ|ZX_VM_PERM_EXECUTE",
                *(0, {"h": "x"}, 0, 4096),
                {"out": 8, "name": "at", "mask": [[0, 8]]},
            ],
        },
        {
            "call": "zx_thread_create",
            "args": [{"h": "$proc"}, {"in": {"str": "x"}}, 1, 0, {"out_handle": "t"}],
        },
        {"call": "zx_thread_start", "args": [{"h": "t"}, {"val": "at"}, {"addr": "at"}, 0, 0]},
        {"call": "zx_nanosleep", "args": [{"deadline": 3_000_000_000}]},
    )
    assert [step.ret for step in seen.steps] == [0] * 6
    assert seen.ending == "fault"
    assert "ZX_EXCP_POLICY_CODE_BAD_SYSCALL" in seen.error

"""Restricted mode: user code whose system calls come back to the process itself (x86-64)."""

from __future__ import annotations

from typing import Any

import pytest
from agent_programs import Run

from harness.targets.guest import GuestTarget
from zxio_py import abi
from zxio_py.kernel.aspace import SHARED_BASE, USER_BASE

#: Offsets in the region that a process' root VMAR is: the vDSO at its start, code, and data.
CODE, DATA = 0x100000, 0x101000
#: In the data: addresses of functions, the state to enter with and the one left with, arguments.
STATE, LEFT, CAME = 0x100, 0x200, 0x300
#: In the code: where restricted mode begins, and what is behind its call.
RESTRICTED, AFTER = 0x57, 0x6B
MACHINE_CODE = (
    "4989ff"  # mov %rdi, %r15: the data
    "498dbf00010000"  # lea STATE(%r15), %rdi
    "bea0000000"  # mov $160, %esi
    "41ff17"  # call *(%r15): zx_restricted_write_state
    "31ff"  # xor %edi, %edi
    "488d3509000000"  # lea VECTOR(%rip), %rsi
    "4c89fa"  # mov %r15, %rdx: the context
    "41ff5708"  # call *8(%r15): zx_restricted_enter
    "0f0b"  # ud2
    "4989ff"  # VECTOR: mov %rdi, %r15: the context
    "498da7f00f0000"  # lea 0xff0(%r15), %rsp
    "4989bf00030000"  # mov %rdi, CAME(%r15)
    "4989b708030000"  # mov %rsi, CAME + 8(%r15)
    "498dbf00020000"  # lea LEFT(%r15), %rdi
    "bea0000000"  # mov $160, %esi
    "41ff5710"  # call *16(%r15): zx_restricted_read_state
    "bf2a000000"  # mov $42, %edi
    "41ff5718"  # call *24(%r15): zx_process_exit
    "0f0b"  # ud2
    "48ffc0"  # RESTRICTED: inc %rax
    "48ffc3"  # inc %rbx
    "48ffc1"  # inc %rcx
    "49ffc3"  # inc %r11
    "48ffc4"  # inc %rsp
    "49ffc7"  # inc %r15
    "0f05"  # syscall
    "0f0b"  # AFTER: ud2
)
FUNCTIONS = (
    "zx_restricted_write_state",
    "zx_restricted_enter",
    "zx_restricted_read_state",
    "zx_process_exit",
)
FIELDS = abi.STRUCTS["zx_x86_64_restricted_state_t"].fields


@pytest.fixture(autouse=True)
def on_x86_64(guest: GuestTarget) -> None:
    if guest.arch != "x86_64":
        pytest.skip("arm64 has no restricted mode")


def step(call: str, *args: Any) -> dict[str, Any]:
    return {"call": call, "args": list(args)}


def state(**registers: int) -> list[dict[str, int]]:
    """A zx_restricted_state_t as items of a buffer."""
    return [{"u64": registers.get(field.name, 0)} for field in FIELDS]


def registers(data: bytes) -> dict[str, int]:
    return {f.name: int.from_bytes(data[f.offset : f.offset + 8], "little") for f in FIELDS}


def in_region(region: str, offset: int, vmo: str, permissions: str) -> dict[str, Any]:
    return step(
        "zx_vmar_map",
        {"h": region},
        f"{permissions}|ZX_VM_SPECIFIC",
        offset,
        {"h": vmo},
        0,
        4096,
        {"out": 8},
    )


def process(
    base: int, entered_with: list[dict[str, int]], shared: bool, *patches: dict[str, Any]
) -> list[dict[str, Any]]:
    """Runs the code in a process whose root VMAR begins at *base*, until that has ended.

    *shared*: in one that shares its half with another, and has the code in its own half as well;
    *patches*: steps that change the data before.
    """
    name = {"in": {"str": "r"}}
    code, data = "ZX_VM_PERM_READ|ZX_VM_PERM_EXECUTE", "ZX_VM_PERM_READ|ZX_VM_PERM_WRITE"
    offset, size = {"vdso": "code_off"}, {"vdso": "code_size"}
    made = [
        step("$buf", {"in": [{"zero": 64}], "name": "functions"}),
        step("$buf", {"in": [{"u64": base}], "name": "base"}),
        *(
            step(
                "$store",
                {"addr": "functions", "add": 8 * index},
                8,
                {"val": "base", "plus_vdso": function},
            )
            for index, function in enumerate(FUNCTIONS)
        ),
        step("zx_vmo_create", 4096, 0, {"out_handle": "code"}),
        step(
            "zx_vmo_write",
            {"h": "code"},
            {"in": [{"hex": MACHINE_CODE}]},
            0,
            len(MACHINE_CODE) // 2,
        ),
        step("zx_vmo_replace_as_executable", {"h": "code"}, 0, {"out_handle": "code"}),
        step("zx_vmo_create", 4096, 0, {"out_handle": "data"}),
        step("zx_vmo_write", {"h": "data"}, {"addr": "functions"}, 0, 64),
        step("zx_vmo_write", {"h": "data"}, {"in": entered_with}, STATE, 160),
        step(
            "zx_process_create",
            {"h": "$job"},
            name,
            1,
            "ZX_PROCESS_SHARED" if shared else 0,
            {"out_handle": "p"},
            {"out_handle": "v"},
        ),
        step(
            "zx_vmar_map",
            {"h": "v"},
            f"{code}|ZX_VM_SPECIFIC",
            offset,
            {"h": "$vdso"},
            offset,
            size,
            {"out": 8},
        ),
        in_region("v", CODE, "code", code),
        in_region("v", DATA, "data", data),
    ]
    if shared:
        made += [
            step(
                "zx_process_create_shared",
                {"h": "p"},
                0,
                name,
                1,
                {"out_handle": "p"},
                {"out_handle": "own"},
            ),
            in_region("own", CODE, "code", code),
        ]
    return [
        *made,
        *patches,
        step("zx_thread_create", {"h": "p"}, name, 1, 0, {"out_handle": "t"}),
        step("zx_thread_start", {"h": "t"}, base + CODE, base + DATA + 0xFF0, base + DATA, 0),
        step("zx_object_wait_one", {"h": "p"}, "ZX_PROCESS_TERMINATED", "ZX_TIME_INFINITE"),
        step("zx_object_get_info", {"h": "p"}, "ZX_INFO_PROCESS", {"out": 24}, 24),
        step("zx_vmo_read", {"h": "data"}, {"out": 160}, LEFT, 160),
        step("zx_vmo_read", {"h": "data"}, {"out": 16}, CAME, 16),
    ]


def outcome(run: Run, steps: list[dict[str, Any]]) -> tuple[int, dict[str, int], tuple[int, int]]:
    """Return code, registers that were left with, and what came back: context and reason."""
    seen = run(*steps)
    assert all(each.ret == 0 for each in seen.steps), [hex(each.ret) for each in seen.steps]
    info, left, came = (each.outs for each in seen.steps[-3:])
    context, reason = came[1].data[:8], came[1].data[8:]
    return (
        int.from_bytes(info[2].data[:8], "little", signed=True),
        registers(left[1].data),
        (int.from_bytes(context, "little"), int.from_bytes(reason, "little")),
    )


@pytest.mark.parametrize(("base", "shared"), [(SHARED_BASE, True), (USER_BASE, False)])
def test_a_system_call_comes_back(run: Run, base: int, shared: bool) -> None:
    entry = (USER_BASE if shared else base) + CODE + RESTRICTED
    numbers = {f.name: 0x0101 * (n + 1) for n, f in enumerate(FIELDS) if f.name != "flags"}
    numbers["ip"] = entry
    code, left, came = outcome(run, process(base, state(**numbers), shared))
    assert code == 42
    assert came == (base + DATA, 0)
    expected = dict(numbers, flags=left["flags"], rcx=0, r11=0, ip=entry + AFTER - RESTRICTED)
    for name in ("rax", "rbx", "rsp", "r15"):
        expected[name] += 1
    assert left == expected


def test_the_shared_half_is_out_of_sight(run: Run) -> None:
    entered_with = state(ip=SHARED_BASE + CODE + RESTRICTED)
    code, _, came = outcome(run, process(SHARED_BASE, entered_with, True))
    assert code == abi.ZX_TASK_RETCODE_EXCEPTION_KILL
    assert came == (0, 0)


def test_the_vdso_is_no_way_out(run: Run) -> None:
    """A system call from where normal mode makes its own comes back like any other."""
    ip = abi.STRUCTS["zx_x86_64_restricted_state_t"].field("ip").offset
    function = {"val": "base", "plus_vdso": "zx_event_create"}
    patches = (
        step("$buf", {"in": [{"zero": 8}], "name": "entry"}),
        step("$store", {"addr": "entry"}, 8, function),
        step("zx_vmo_write", {"h": "data"}, {"addr": "entry"}, STATE + ip, 8),
    )
    code, left, came = outcome(run, process(USER_BASE, state(), False, *patches))
    assert code == 42
    assert came == (USER_BASE + DATA, 0)
    assert USER_BASE < left["ip"] < USER_BASE + CODE


@pytest.mark.parametrize(
    "wrong",
    [
        {"ip": 0},
        {"ip": 1 << 47},
        {"flags": 1 << 12},
        {"flags": 1 << 63},
        {"fs_base": 1 << 63},
        {"gs_base": 1 << 47},
    ],
)
def test_states_that_are_not_entered_with(run: Run, wrong: dict[str, int]) -> None:
    buffer = {"in": state(**{"ip": USER_BASE, **wrong}), "name": "state"}
    seen = run(
        step("zx_restricted_write_state", buffer, 160),
        step("zx_restricted_enter", 0, {"addr": "state"}, 0),
    )
    assert seen.steps[0].ret == 0
    assert seen.steps[1].ret & 0xFFFFFFFF == abi.ZX_ERR_BAD_STATE & 0xFFFFFFFF

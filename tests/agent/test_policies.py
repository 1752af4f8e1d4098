"""Processes that are confined by the policy of their job: one is started at a call of the vDSO."""

from __future__ import annotations

from typing import Any

import pytest
from agent_programs import Run

from zxio_py import abi

FAULT, POLICY = abi.ZX_TASK_RETCODE_EXCEPTION_KILL, abi.ZX_TASK_RETCODE_POLICY_KILL


def confined(action: str, function: str, argument: int) -> list[dict[str, Any]]:
    """A process for which *action* is what comes of bad handles calls function(0, argument).

    When the call returns, there is nothing to return to: the process ends by a fault.
    """
    policy = {"in": [{"u32": "ZX_POL_BAD_HANDLE"}, {"u32": action}]}
    name = {"in": {"str": "confined"}}
    permissions = "ZX_VM_PERM_READ|ZX_VM_PERM_EXECUTE|ZX_VM_SPECIFIC"
    offset, size = {"vdso": "code_off"}, {"vdso": "code_size"}
    region = [{"h": "v"}, "ZX_INFO_VMAR", {"out": 16, "name": "v"}, 16]
    entry = {"val": "v", "plus_vdso": function}
    calls: list[tuple[str, list[Any]]] = [
        ("zx_job_set_policy", [{"h": "$job"}, 1, "ZX_JOB_POL_BASIC_V1", policy, 1]),
        (
            "zx_process_create",
            [{"h": "$job"}, name, 8, 0, {"out_handle": "p"}, {"out_handle": "v"}],
        ),
        ("zx_thread_create", [{"h": "p"}, name, 8, 0, {"out_handle": "t"}]),
        ("zx_object_get_info", region),
        (
            "zx_vmar_map",
            [{"h": "v"}, permissions, offset, {"h": "$vdso"}, offset, size, {"out": 8}],
        ),
        ("zx_process_start", [{"h": "p"}, {"h": "t"}, entry, 0, {"h": "$zero"}, argument]),
        ("zx_object_wait_one", [{"h": "p"}, "ZX_PROCESS_TERMINATED", "ZX_TIME_INFINITE"]),
        ("zx_object_get_info", [{"h": "p"}, "ZX_INFO_PROCESS", {"out": 24}, 24]),
    ]
    return [{"call": call, "args": args} for call, args in calls]


@pytest.mark.parametrize(
    ("action", "function", "argument", "code"),
    [
        ("ZX_POL_ACTION_ALLOW", "zx_handle_duplicate", 0, FAULT),
        ("ZX_POL_ACTION_DENY", "zx_handle_duplicate", 0, FAULT),
        ("ZX_POL_ACTION_ALLOW_EXCEPTION", "zx_handle_duplicate", 0, FAULT),
        ("ZX_POL_ACTION_KILL", "zx_handle_duplicate", 0, POLICY),
        ("ZX_POL_ACTION_KILL", "zx_handle_replace", 0, POLICY),
        ("ZX_POL_ACTION_KILL", "zx_object_get_info", abi.ZX_INFO_HANDLE_BASIC, POLICY),
        # Neither closing the invalid handle nor asking whether one is valid is an offence.
        ("ZX_POL_ACTION_KILL", "zx_handle_close", 0, FAULT),
        ("ZX_POL_ACTION_KILL", "zx_object_get_info", abi.ZX_INFO_HANDLE_VALID, FAULT),
    ],
)
def test_bad_handles(run: Run, action: str, function: str, argument: int, code: int) -> None:
    seen = run(*confined(action, function, argument))
    assert [step.ret for step in seen.steps] == [0] * 8
    told = seen.steps[-1].outs[2].data[:8]
    assert int.from_bytes(told, "little", signed=True) == code

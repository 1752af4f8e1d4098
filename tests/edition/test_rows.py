"""Rows of the table: what each explains, and what it does not without its condition."""

from __future__ import annotations

from typing import Any

import pytest
from edition_steps import (
    BAD,
    CLOSED,
    DENIED,
    EVENT,
    EXISTS,
    INVALID,
    MEMORY,
    RANGE,
    ROOM,
    TIMED_OUT,
    TYPE,
    UNSUPPORTED,
    WAIT,
    call,
    one,
    step_result,
    verdict,
)

RET, RET_MORE = (step_result("zx_deadline_after", None, ret=n) for n in ((1 << 63) - 1, 1 << 63))


@pytest.mark.parametrize(
    ("row", "step", "expected", "actual"),
    [
        ("G1", EVENT, TYPE, DENIED),
        ("G4", call("zx_object_wait_many", {"in": {"zero": 204}}, 17, 0), TIMED_OUT, RANGE),
        ("G7", call("zx_handle_close", {"h": "$job", "xor": 2}), BAD, "ZX_OK"),
        (
            "H6",
            call("zx_object_get_info", {"h": "$proc"}, "ZX_INFO_PROCESS_MAPS", 0, 0, 0, 0),
            "ZX_OK",
            DENIED,
        ),
        ("H9", call("zx_object_wait_async", 0, 3, 1, 1, 1 << 31), INVALID, BAD),
        ("H12", call("zx_object_get_child", 0, 1, 4, {"out_handle": "c"}), BAD, "ZX_OK"),
        ("H16", call("zx_process_start", 3, 3, 0, 0, 0, 0), INVALID, BAD),
        (
            "C3",
            call("zx_channel_write", 3, 0, 0, 0, {"in": [{"h": "$job"}, {"h": "$job"}]}, 2),
            BAD,
            INVALID,
        ),
        (
            "C11",
            call("zx_channel_read", 3, 0, 0, {"ptr": "unmapped"}, 0, 1, 0, 0),
            INVALID,
            "ZX_OK",
        ),
        ("S1", call("zx_socket_create", 2, 0, 0), INVALID, "ZX_OK"),
        ("S2", call("zx_socket_write", 3, 1, 0, 0, 0), INVALID, "ZX_OK"),
        ("S2", call("zx_socket_set_disposition", 3, 1, 0), DENIED, "ZX_OK"),
        ("S4", call("zx_socket_read", 3, 4, {"out": 1}, 1, 0), INVALID, "ZX_ERR_BAD_STATE"),
        ("S6", call("zx_socket_read", 3, 0, {"null": 1}, 0, 0), WAIT, "ZX_OK"),
        ("S7", call("zx_socket_write", 3, 0, {"in": {"zero": 9}}, 9, 0), RANGE, WAIT),
        ("E:socket_write", call("zx_socket_write", 0, 8, {"in": "00"}, 1, 0), INVALID, BAD),
        ("V1", call("zx_vmo_set_size", 3, 0), "ZX_ERR_UNAVAILABLE", "ZX_OK"),
        ("V7", call("zx_vmo_op_range", 3, 1, 0, 9, 0, 0), RANGE, "ZX_OK"),
        ("V8", call("zx_vmo_read", 3, {"ptr": "unmapped"}, 0, 9), RANGE, INVALID),
        ("V8", call("zx_process_read_memory", 3, 1, {"out": 8}, 8, 0), RANGE, INVALID),
        ("E:object_signal_peer", call("zx_object_signal_peer", 3, 0, 0), CLOSED, "ZX_OK"),
        ("F1", call("zx_fifo_create", 3, 8, 0, 0, 0), "ZX_OK", RANGE),
        (
            "F2",
            call("zx_fifo_read", 3, 8, {"out": 8}, 1, {"ptr": "unmapped"}),
            INVALID,
            "ZX_OK",
        ),
        ("T1", call("zx_timer_set", 3, 0, -1), RANGE, "ZX_OK"),
        ("L1", call("zx_debuglog_create", 3, 5, {"out_handle": "l"}), INVALID, "ZX_OK"),
        ("G2", call("zx_deadline_after", "ZX_TIME_INFINITE"), RET, RET_MORE),
        ("E:property", call("zx_object_get_property", 3, 99, {"out": 8}, 8), UNSUPPORTED, INVALID),
        ("E:job_create-rights", call("zx_job_create", 3, 0, {"out_handle": "j"}), "ZX_OK", DENIED),
        ("E:task_kill", call("zx_task_kill", {"h": "$thread"}), TYPE, "ZX_OK"),
        ("E:channel_call-order", call("zx_channel_call", 3, 1), TYPE, INVALID),
        ("E:socket_write-fault", call("zx_socket_write", 3, 0, 0, 4), INVALID, WAIT),
        ("E:vmar-overlap", call("zx_vmar_map", {"h": "$vmar"}, 17), EXISTS, MEMORY),
        ("E:vmar-no-room", call("zx_vmar_allocate", {"h": "$vmar"}), ROOM, MEMORY),
        ("E:futex", call("zx_futex_wake", 2, 1), INVALID, "ZX_OK"),
        ("E:property-name", call("zx_object_get_property", 3, 3, {"out": 32}, 32), TYPE, "ZX_OK"),
        (
            "E:property-name",
            call("zx_object_get_property", 3, 3 | 1 << 32, {"out": 32}, 32),
            TYPE,
            "ZX_OK",
        ),
        ("E:map_range", call("zx_vmar_map", {"h": "$vmar"}, 1025, 0, 3, 4096, 8), "ZX_OK", INVALID),
        ("E:cache_policy", call("zx_vmo_set_cache_policy", 3, 1), "ZX_OK", "ZX_ERR_BAD_STATE"),
        ("H15", call("zx_job_set_policy", 3, 0, 0, {"in": {"zero": 8}}, 1), INVALID, UNSUPPORTED),
        ("V7", call("zx_vmo_op_range", 3, 7, 0, 4096), UNSUPPORTED, "ZX_OK"),
        ("E:debuglog_write", call("zx_debuglog_write", 0, 1), INVALID, BAD),
        ("E:debuglog_write", call("zx_debuglog_write", 3, 1, {"in": "00"}, 1), INVALID, "ZX_OK"),
        ("E:thread_create", call("zx_thread_create", 3), "ZX_ERR_BAD_STATE", "ZX_OK"),
        ("E:vmar_destroy", call("zx_vmar_destroy", 3), UNSUPPORTED, "ZX_OK"),
        ("E:vmar_protect", call("zx_vmar_protect", 3, 1), "ZX_ERR_NOT_FOUND", INVALID),
        ("E:user-range", call("zx_thread_create", 3, {"ptr": "noncanon"}), INVALID, BAD),
        ("E:property", call("zx_object_get_property", 3, 4, {"out": 8}, 8), TYPE, INVALID),
        ("E:system_powerctl", call("zx_system_powerctl", 3, 9), "ZX_ERR_BAD_STATE", INVALID),
        ("E:system_powerctl", call("zx_system_powerctl", 3, 4), UNSUPPORTED, "ZX_OK"),
        ("E:bti_pin", call("zx_bti_pin", 3, 1, 3, 0, 0, 0, 0, 0), "ZX_ERR_BAD_STATE", INVALID),
        ("E:vmo_op_range", call("zx_vmo_op_range", 3, 2, 1, 9, 0, 0), RANGE, "ZX_ERR_BAD_STATE"),
        ("E:iommu_create", call("zx_iommu_create", 3, 1, 0, 0, 0), UNSUPPORTED, INVALID),
        ("E:pci", call("zx_pci_init", 3, 0, 5896), "ZX_ERR_BAD_STATE", INVALID),
        ("E:pc_firmware_tables", call("zx_pc_firmware_tables", 3, 0, 0), "ZX_OK", UNSUPPORTED),
        ("E:debugging", call("zx_ktrace_write", 0, 1), UNSUPPORTED, BAD),
        ("L1", call("zx_debuglog_write", 3, 0, {"in": {"zero": 230}}, 230), "ZX_OK", RANGE),
    ],
)
def test_rows(row: str, step: dict[str, Any], expected: str, actual: str) -> None:
    found = one(step, expected, actual)
    assert found.kind == "known edition difference"
    assert found.rows == (row,)


def test_pages_of_a_copy_are_given_back() -> None:
    copy = call("zx_vmo_create_child", 3, 1, 0, 4096, {"out_handle": "c"})
    commit, decommit = (call("zx_vmo_op_range", {"h": "c"}, op, 0, 4096) for op in (1, 2))
    found = verdict([copy, decommit], ["ZX_OK", UNSUPPORTED], ["ZX_OK", "ZX_OK"])
    assert found.rows == ("V3",)
    found = verdict([copy, commit], ["ZX_OK", UNSUPPORTED], ["ZX_OK", "ZX_OK"])
    assert found.kind == "divergence"


@pytest.mark.parametrize(
    ("step", "expected", "actual"),
    [
        (EVENT, DENIED, TYPE),
        (call("zx_object_wait_many", {"in": {"zero": 12}}, 1, 0), TIMED_OUT, RANGE),
        (call("zx_handle_close", {"h": "$job", "xor": 4}), BAD, "ZX_OK"),
        (call("zx_object_get_info", 3, "ZX_INFO_VMAR", 0, 0, 0, 0), "ZX_OK", DENIED),
        (call("zx_channel_write", 3, 0, 0, 0, {"in": {"h": "$job"}}, 1), BAD, INVALID),
        (call("zx_channel_read", 3, 0, 0, {"out": 4}, 0, 1, 0, 0), INVALID, "ZX_OK"),
        (call("zx_socket_read", 3, 0, {"out": 1}, 1, 0), WAIT, "ZX_OK"),
        (call("zx_socket_create", 8, 0, 0), INVALID, "ZX_OK"),
        (call("zx_fifo_create", 4, 8, 0, 0, 0), "ZX_OK", RANGE),
        (call("zx_timer_set", 3, 0, 1), RANGE, "ZX_OK"),
        (call("zx_debuglog_write", 3, 0, {"in": {"zero": 9}}, 9), "ZX_OK", RANGE),
        (call("zx_vmo_read", 3, {"out": 9}, 0, 9), "ZX_OK", INVALID),
        (call("zx_ktrace_write", 0, 1), BAD, "ZX_OK"),
        (call("zx_object_signal", 3, 0, 1 << 24), "ZX_OK", UNSUPPORTED),
        (call("zx_interrupt_ack", 3), "ZX_ERR_CANCELED", "ZX_OK"),
        (call("zx_iommu_create", 3, 1, 0, 0, 0), INVALID, UNSUPPORTED),
        (call("zx_pci_init", 3, 0, 5896), INVALID, "ZX_ERR_BAD_STATE"),
        (call("zx_pc_firmware_tables", 3, 0, 0), DENIED, UNSUPPORTED),
        (call("zx_system_powerctl", 3, 4), INVALID, "ZX_OK"),
    ],
)
def test_rows_need_their_condition(step: dict[str, Any], expected: str, actual: str) -> None:
    assert one(step, expected, actual).kind == "divergence"

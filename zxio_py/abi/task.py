"""What jobs, processes and threads share."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_TASK_TERMINATED = 8

# Task retcodes.
ZX_TASK_RETCODE_SYSCALL_KILL = -1024
ZX_TASK_RETCODE_OOM_KILL = -1025
ZX_TASK_RETCODE_POLICY_KILL = -1026
ZX_TASK_RETCODE_VDSO_KILL = -1027
ZX_TASK_RETCODE_EXCEPTION_KILL = -1028
ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL = -1029

_STRUCTS = (
    Struct(
        "zx_info_task_stats_t",
        32,
        8,
        (
            Field("mem_mapped_bytes", 0, 8),
            Field("mem_private_bytes", 8, 8),
            Field("mem_shared_bytes", 16, 8),
            Field("mem_scaled_shared_bytes", 24, 8),
        ),
    ),
    Struct(
        "zx_info_task_runtime_t",
        32,
        8,
        (
            Field("cpu_time", 0, 8),
            Field("queue_time", 8, 8),
            Field("page_fault_time", 16, 8),
            Field("lock_contention_time", 24, 8),
        ),
    ),
    Struct(
        "zx_info_task_runtime_v1_t",
        16,
        8,
        (
            Field("cpu_time", 0, 8),
            Field("queue_time", 8, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_task_create_exception_channel",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "handle: INSPECT, DUPLICATE, TRANSFER, MANAGE_THREAD; jobs and processes also ENUMERATE",
        ),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "ALREADY_BOUND", "BAD_STATE"),
        unreachable=(("WRONG_TYPE", "only handles of tasks have the right MANAGE_THREAD"),),
        category="tasks",
    ),
    Call(
        "zx_task_kill",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: DESTROY",),
        errors=HANDLE_ERRORS,
        category="tasks",
    ),
    Call(
        "zx_task_suspend",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("token", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: WRITE",),
        errors=(*HANDLE_ERRORS, "NOT_SUPPORTED", "BAD_STATE", "INVALID_ARGS"),
        category="tasks",
    ),
    Call(
        "zx_task_suspend_token",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("token", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: WRITE",),
        errors=(*HANDLE_ERRORS, "NOT_SUPPORTED", "BAD_STATE", "INVALID_ARGS"),
        category="tasks",
        note="same behaviour as task_suspend",
    ),
)

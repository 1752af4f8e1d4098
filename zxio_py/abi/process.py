"""Processes."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_PROCESS_TERMINATED = 8

# Flags of zx_info_process_t.
ZX_INFO_PROCESS_FLAG_STARTED = 1
ZX_INFO_PROCESS_FLAG_EXITED = 2
ZX_INFO_PROCESS_FLAG_DEBUGGER_ATTACHED = 4

# A debug address that stands for none yet: the loader is to stop when it sets the real one.
ZX_PROCESS_DEBUG_ADDR_BREAK_ON_SET = 1

# Options of zx_process_create.
ZX_PROCESS_SHARED = 1

_STRUCTS = (
    Struct(
        "zx_info_process_t",
        24,
        8,
        (
            Field("return_code", 0, 8),
            Field("start_time", 8, 8),
            Field("flags", 16, 4),
            Field("padding1", 20, 4),
        ),
    ),
    Struct("zx_info_process_handle_stats_t", 256, 4, (Field("handle_count", 0, 256),)),
)

_CALLS = (
    Call(
        "zx_process_create",
        "zx_status_t",
        (
            Param("job", "zx_handle_t", handle="use"),
            Param("name", "const char*", count="name_size"),
            Param("name_size", "size_t"),
            Param("options", "uint32_t"),
            Param("proc_handle", "zx_handle_t*", "out", handle="acquire"),
            Param("vmar_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "job: MANAGE_PROCESS (kernel also accepts WRITE)",
            "policy NEW_PROCESS",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "BAD_STATE"),
        category="tasks",
    ),
    Call(
        "zx_process_create_shared",
        "zx_status_t",
        (
            Param("shared_proc", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("name", "const char*", count="name_size"),
            Param("name_size", "size_t"),
            Param("proc_handle", "zx_handle_t*", "out", handle="acquire"),
            Param("restricted_vmar_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        attributes=frozenset({"next"}),
        rights=(
            "shared_proc: MANAGE_PROCESS",
            "policy NEW_PROCESS",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "BAD_STATE"),
        category="tasks",
    ),
    Call(
        "zx_process_exit",
        "void",
        (Param("retcode", "int64_t"),),
        attributes=frozenset({"noreturn"}),
        category="tasks",
    ),
    Call(
        "zx_process_read_memory",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("vaddr", "zx_vaddr_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        rights=("handle: READ and WRITE",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "BAD_STATE", "NO_MEMORY"),
        category="tasks",
    ),
    Call(
        "zx_process_start",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("thread", "zx_handle_t", handle="use"),
            Param("entry", "zx_vaddr_t"),
            Param("stack", "zx_vaddr_t"),
            Param("arg1", "zx_handle_t", handle="release"),
            Param("arg2", "uintptr_t"),
        ),
        rights=(
            "handle: WRITE",
            "thread: WRITE",
            "arg1: TRANSFER; always consumed",
        ),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "BAD_STATE"),
        category="tasks",
        note="arg1 is removed from the caller on every path, including bad process/thread handles",
        runs_code=True,
    ),
    Call(
        "zx_process_write_memory",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("vaddr", "zx_vaddr_t"),
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        rights=("handle: WRITE",),
        errors=(
            "NOT_SUPPORTED",
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "BAD_STATE",
            "NO_MEMORY",
            "OUT_OF_RANGE",
        ),
        category="tasks",
    ),
)

"""Threads."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_THREAD_TERMINATED = 8
ZX_THREAD_RUNNING = 16
ZX_THREAD_SUSPENDED = 32

# Of zx_info_thread_stats_t.
ZX_INFO_INVALID_CPU = 0xFFFFFFFF

# Thread state kind.
ZX_THREAD_STATE_GENERAL_REGS = 0
ZX_THREAD_STATE_FP_REGS = 1
ZX_THREAD_STATE_VECTOR_REGS = 2
ZX_THREAD_STATE_DEBUG_REGS = 4
ZX_THREAD_STATE_SINGLE_STEP = 5

# Thread info state.
ZX_THREAD_STATE_NEW = 0
ZX_THREAD_STATE_RUNNING = 1
ZX_THREAD_STATE_SUSPENDED = 2
ZX_THREAD_STATE_BLOCKED = 3
ZX_THREAD_STATE_DYING = 4
ZX_THREAD_STATE_DEAD = 5
ZX_THREAD_STATE_BLOCKED_EXCEPTION = 0x103
ZX_THREAD_STATE_BLOCKED_SLEEPING = 0x203
ZX_THREAD_STATE_BLOCKED_FUTEX = 0x303
ZX_THREAD_STATE_BLOCKED_PORT = 0x403
ZX_THREAD_STATE_BLOCKED_CHANNEL = 0x503
ZX_THREAD_STATE_BLOCKED_WAIT_ONE = 0x603
ZX_THREAD_STATE_BLOCKED_WAIT_MANY = 0x703
ZX_THREAD_STATE_BLOCKED_INTERRUPT = 0x803
ZX_THREAD_STATE_BLOCKED_PAGER = 0x903

_STRUCTS = (
    Struct(
        "zx_info_thread_t",
        72,
        8,
        (
            Field("state", 0, 4),
            Field("wait_exception_channel_type", 4, 4),
            Field("cpu_affinity_mask", 8, 64),
        ),
    ),
    Struct(
        "zx_info_thread_stats_t",
        16,
        8,
        (
            Field("total_runtime", 0, 8),
            Field("last_scheduled_cpu", 8, 4),
            Field("padding1", 12, 4),
        ),
    ),
    Struct(
        "zx_x86_64_thread_state_general_regs_t",
        160,
        8,
        (
            Field("rax", 0, 8),
            Field("rbx", 8, 8),
            Field("rcx", 16, 8),
            Field("rdx", 24, 8),
            Field("rsi", 32, 8),
            Field("rdi", 40, 8),
            Field("rbp", 48, 8),
            Field("rsp", 56, 8),
            Field("r8", 64, 8),
            Field("r9", 72, 8),
            Field("r10", 80, 8),
            Field("r11", 88, 8),
            Field("r12", 96, 8),
            Field("r13", 104, 8),
            Field("r14", 112, 8),
            Field("r15", 120, 8),
            Field("rip", 128, 8),
            Field("rflags", 136, 8),
            Field("fs_base", 144, 8),
            Field("gs_base", 152, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_thread_create",
        "zx_status_t",
        (
            Param("process", "zx_handle_t", handle="use"),
            Param("name", "const char*", count="name_size"),
            Param("name_size", "size_t"),
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("process: MANAGE_THREAD",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "BAD_STATE"),
        category="tasks",
    ),
    Call("zx_thread_exit", "void", (), attributes=frozenset({"noreturn"}), category="tasks"),
    Call(
        "zx_thread_legacy_yield",
        "zx_status_t",
        (Param("options", "uint32_t"),),
        errors=("INVALID_ARGS",),
        category="tasks",
    ),
    Call(
        "zx_thread_read_state",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("kind", "uint32_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("handle: READ",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "BUFFER_TOO_SMALL", "BAD_STATE", "NOT_SUPPORTED"),
        category="tasks",
    ),
    Call(
        "zx_thread_start",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("thread_entry", "zx_vaddr_t"),
            Param("stack", "zx_vaddr_t"),
            Param("arg1", "uintptr_t"),
            Param("arg2", "uintptr_t"),
        ),
        rights=("handle: MANAGE_THREAD",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "BAD_STATE"),
        category="tasks",
        runs_code=True,
    ),
    Call(
        "zx_thread_write_state",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("kind", "uint32_t"),
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("handle: WRITE",),
        errors=("NOT_SUPPORTED", *HANDLE_ERRORS, "INVALID_ARGS", "BUFFER_TOO_SMALL", "BAD_STATE"),
        category="tasks",
    ),
)

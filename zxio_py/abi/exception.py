"""Exceptions and exception channels."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Options of zx_task_create_exception_channel.
ZX_EXCEPTION_CHANNEL_DEBUGGER = 1

# Exception state.
ZX_EXCEPTION_STATE_TRY_NEXT = 0
ZX_EXCEPTION_STATE_HANDLED = 1
ZX_EXCEPTION_STATE_THREAD_EXIT = 2

# Exception strategy.
ZX_EXCEPTION_STRATEGY_FIRST_CHANCE = 0
ZX_EXCEPTION_STRATEGY_SECOND_CHANCE = 1

# Exception channel type.
ZX_EXCEPTION_CHANNEL_TYPE_NONE = 0
ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER = 1
ZX_EXCEPTION_CHANNEL_TYPE_THREAD = 2
ZX_EXCEPTION_CHANNEL_TYPE_PROCESS = 3
ZX_EXCEPTION_CHANNEL_TYPE_JOB = 4
ZX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER = 5

# Exceptions.
ZX_EXCP_GENERAL = 8
ZX_EXCP_FATAL_PAGE_FAULT = 0x108
ZX_EXCP_UNDEFINED_INSTRUCTION = 0x208
ZX_EXCP_SW_BREAKPOINT = 0x308
ZX_EXCP_HW_BREAKPOINT = 0x408
ZX_EXCP_UNALIGNED_ACCESS = 0x508
ZX_EXCP_SYNTH = 0x8000
ZX_EXCP_THREAD_STARTING = 0x8008
ZX_EXCP_THREAD_EXITING = 0x8108
ZX_EXCP_POLICY_ERROR = 0x8208
ZX_EXCP_PROCESS_STARTING = 0x8308

# Exception policy codes.
ZX_EXCP_POLICY_CODE_CHANNEL_FULL_WRITE = 16
ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_PACKETS = 17
ZX_EXCP_POLICY_CODE_BAD_SYSCALL = 18
ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_OBSERVERS = 19

_STRUCTS = (
    Struct(
        "zx_exception_info_t",
        24,
        8,
        (
            Field("pid", 0, 8),
            Field("tid", 8, 8),
            Field("type", 16, 4),
            Field("padding1", 20, 4),
        ),
    ),
    Struct(
        "zx_exception_header_t",
        8,
        4,
        (
            Field("size", 0, 4),
            Field("type", 4, 4),
        ),
    ),
    Struct(
        "zx_exception_context_t",
        32,
        8,
        (
            Field("arch", 0, 24),
            Field("synth_code", 24, 4),
            Field("synth_data", 28, 4),
        ),
    ),
    Struct(
        "zx_exception_report_v1_t",
        32,
        8,
        (
            Field("header", 0, 8),
            Field("context", 8, 24),
        ),
    ),
    Struct(
        "zx_exception_report_t",
        40,
        8,
        (
            Field("header", 0, 8),
            Field("context", 8, 32),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_exception_get_process",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: none; fails ACCESS_DENIED for exceptions from a thread channel",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS"),
        category="tasks",
    ),
    Call(
        "zx_exception_get_thread",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: none",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="tasks",
    ),
)

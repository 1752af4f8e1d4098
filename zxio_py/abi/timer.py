"""Timers."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_TIMER_SIGNALED = 0x8

# Options of zx_timer_create.
ZX_TIMER_SLACK_CENTER = 0
ZX_TIMER_SLACK_EARLY = 1
ZX_TIMER_SLACK_LATE = 2

_STRUCTS = (
    Struct(
        "zx_info_timer_t",
        24,
        8,
        (
            Field("options", 0, 4),
            Field("padding1", 4, 4),
            Field("deadline", 8, 8),
            Field("slack", 16, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_timer_cancel",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: WRITE",),
        errors=HANDLE_ERRORS,
        category="time",
    ),
    Call(
        "zx_timer_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("clock_id", "zx_clock_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_TIMER",),
        errors=("INVALID_ARGS", "ACCESS_DENIED"),
        category="time",
        note="options carries the slack mode",
    ),
    Call(
        "zx_timer_set",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("deadline", "zx_time_t"),
            Param("slack", "zx_duration_t"),
        ),
        rights=("handle: WRITE",),
        errors=("OUT_OF_RANGE", *HANDLE_ERRORS),
        category="time",
    ),
)

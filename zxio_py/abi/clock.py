"""Time: ticks, the monotonic clock, sleeping, clock objects."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_CLOCK_STARTED = 16

# Clock ids.
ZX_CLOCK_MONOTONIC = 0

# Options of zx_clock_create.
ZX_CLOCK_OPT_MONOTONIC = 1
ZX_CLOCK_OPT_CONTINUOUS = 2
ZX_CLOCK_OPT_AUTO_START = 4
ZX_CLOCK_ARGS_VERSION_SHIFT = 58
ZX_CLOCK_ARGS_VERSION_MASK = 0xFC00000000000000

# Options of zx_clock_update.
ZX_CLOCK_UPDATE_OPTION_VALUE_VALID = 1
ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID = 1
ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID = 2
ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID = 4
ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID = 8

# Limits and distinguished values.
ZX_TIME_INFINITE = 2**63 - 1
ZX_TIME_INFINITE_PAST = -(2**63)
ZX_CLOCK_UPDATE_MIN_RATE_ADJUST = -1000
ZX_CLOCK_UPDATE_MAX_RATE_ADJUST = 0x3E8
ZX_CLOCK_UNKNOWN_ERROR = 0xFFFFFFFFFFFFFFFF

_STRUCTS = (
    Struct("zx_clock_create_args_v1_t", 8, 8, (Field("backstop_time", 0, 8),)),
    Struct(
        "zx_clock_rate_t",
        8,
        4,
        (
            Field("synthetic_ticks", 0, 4),
            Field("reference_ticks", 4, 4),
        ),
    ),
    Struct(
        "zx_clock_transformation_t",
        24,
        8,
        (
            Field("reference_offset", 0, 8),
            Field("synthetic_offset", 8, 8),
            Field("rate", 16, 8),
        ),
    ),
    Struct(
        "zx_clock_details_v1_t",
        112,
        8,
        (
            Field("options", 0, 8),
            Field("backstop_time", 8, 8),
            Field("reference_ticks_to_synthetic", 16, 24),
            Field("reference_to_synthetic", 40, 24),
            Field("error_bound", 64, 8),
            Field("query_ticks", 72, 8),
            Field("last_value_update_ticks", 80, 8),
            Field("last_rate_adjust_update_ticks", 88, 8),
            Field("last_error_bounds_update_ticks", 96, 8),
            Field("generation_counter", 104, 4),
            Field("padding1", 108, 4),
        ),
    ),
    Struct(
        "zx_clock_update_args_v1_t",
        24,
        8,
        (
            Field("rate_adjust", 0, 4),
            Field("padding1", 4, 4),
            Field("value", 8, 8),
            Field("error_bound", 16, 8),
        ),
    ),
    Struct(
        "zx_clock_update_args_v2_t",
        32,
        8,
        (
            Field("rate_adjust", 0, 4),
            Field("padding1", 4, 4),
            Field("synthetic_value", 8, 8),
            Field("reference_value", 16, 8),
            Field("error_bound", 24, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_clock_create",
        "zx_status_t",
        (
            Param("options", "uint64_t"),
            Param("args", "const void*"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("no policy is checked",),
        errors=("INVALID_ARGS",),
        category="time",
    ),
    Call(
        "zx_clock_get_details",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint64_t"),
            Param("details", "void*", "out"),
        ),
        rights=("handle: READ",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS),
        category="time",
    ),
    Call(
        "zx_clock_get_monotonic",
        "zx_time_t",
        (),
        attributes=frozenset({"vdsocall"}),
        category="time",
        note="vDSO variant picks clock_get_monotonic_via_kernel at boot when user space cannot read the counter",
    ),
    Call(
        "zx_clock_get_monotonic_via_kernel",
        "zx_time_t",
        (),
        attributes=frozenset({"internal"}),
        category="time",
    ),
    Call(
        "zx_clock_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("now", "zx_time_t*", "out"),
        ),
        rights=("handle: READ",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS"),
        category="time",
    ),
    Call(
        "zx_clock_update",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint64_t"),
            Param("args", "const void*"),
        ),
        rights=("handle: WRITE",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS),
        category="time",
    ),
    Call(
        "zx_deadline_after",
        "zx_time_t",
        (Param("nanoseconds", "zx_duration_t"),),
        attributes=frozenset({"vdsocall"}),
        category="time",
        note="now + nanoseconds, saturating at ZX_TIME_INFINITE / ZX_TIME_INFINITE_PAST",
    ),
    Call(
        "zx_nanosleep",
        "zx_status_t",
        (Param("deadline", "zx_time_t"),),
        attributes=frozenset({"blocking"}),
        category="time",
    ),
    Call(
        "zx_ticks_get",
        "zx_ticks_t",
        (),
        attributes=frozenset({"vdsocall"}),
        category="time",
        note="may be patched at boot to ticks_get_via_kernel",
    ),
    Call(
        "zx_ticks_get_via_kernel",
        "zx_ticks_t",
        (),
        attributes=frozenset({"internal"}),
        category="time",
    ),
    Call(
        "zx_ticks_per_second",
        "zx_ticks_t",
        (),
        attributes=frozenset({"vdsocall", "const"}),
        category="time",
    ),
)

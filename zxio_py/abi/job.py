"""Jobs: trees of processes and their policies."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_JOB_TERMINATED = 8
ZX_JOB_NO_JOBS = 16
ZX_JOB_NO_PROCESSES = 32
ZX_JOB_NO_CHILDREN = 64

# Options of zx_job_set_critical.
ZX_JOB_CRITICAL_PROCESS_RETCODE_NONZERO = 1

# Options of zx_job_set_policy.
ZX_JOB_POL_RELATIVE = 0
ZX_JOB_POL_ABSOLUTE = 1

# Job policy topics.
ZX_JOB_POL_BASIC_V1 = 0
ZX_JOB_POL_BASIC_V2 = 0x1000000
ZX_JOB_POL_TIMER_SLACK = 1

# Policy conditions.
ZX_POL_BAD_HANDLE = 0
ZX_POL_WRONG_OBJECT = 1
ZX_POL_VMAR_WX = 2
ZX_POL_NEW_ANY = 3
ZX_POL_NEW_VMO = 4
ZX_POL_NEW_CHANNEL = 5
ZX_POL_NEW_EVENT = 6
ZX_POL_NEW_EVENTPAIR = 7
ZX_POL_NEW_PORT = 8
ZX_POL_NEW_SOCKET = 9
ZX_POL_NEW_FIFO = 10
ZX_POL_NEW_TIMER = 11
ZX_POL_NEW_PROCESS = 12
ZX_POL_NEW_PROFILE = 13
ZX_POL_NEW_PAGER = 14
ZX_POL_AMBIENT_MARK_VMO_EXEC = 15

# Policy actions.
ZX_POL_ACTION_ALLOW = 0
ZX_POL_ACTION_DENY = 1
ZX_POL_ACTION_ALLOW_EXCEPTION = 2
ZX_POL_ACTION_DENY_EXCEPTION = 3
ZX_POL_ACTION_KILL = 4

# Policy override.
ZX_POL_OVERRIDE_ALLOW = 0
ZX_POL_OVERRIDE_DENY = 1

# Debugger exception channels a job takes.
JOB_DEBUGGER_CHANNELS_MAX = 32

_STRUCTS = (
    Struct(
        "zx_info_job_t",
        16,
        8,
        (
            Field("return_code", 0, 8),
            Field("exited", 8, 1),
            Field("kill_on_oom", 9, 1),
            Field("debugger_attached", 10, 1),
            Field("padding1", 11, 5),
        ),
    ),
    Struct(
        "zx_policy_basic_v1_t",
        8,
        4,
        (
            Field("condition", 0, 4),
            Field("policy", 4, 4),
        ),
    ),
    Struct(
        "zx_policy_basic_v2_t",
        12,
        4,
        (
            Field("condition", 0, 4),
            Field("action", 4, 4),
            Field("flags", 8, 4),
        ),
    ),
    Struct(
        "zx_policy_timer_slack_t",
        16,
        8,
        (
            Field("min_slack", 0, 8),
            Field("default_mode", 8, 4),
            Field("padding1", 12, 4),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_job_create",
        "zx_status_t",
        (
            Param("parent_job", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("parent_job: MANAGE_JOB (kernel also accepts WRITE)",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "OUT_OF_RANGE", "BAD_STATE"),
        category="tasks",
    ),
    Call(
        "zx_job_set_critical",
        "zx_status_t",
        (
            Param("job", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("process", "zx_handle_t", handle="use"),
        ),
        rights=(
            "job: DESTROY",
            "process: WAIT",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "ALREADY_BOUND"),
        category="tasks",
    ),
    Call(
        "zx_job_set_policy",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("topic", "uint32_t"),
            Param("policy", "const void*", count="policy_size"),
            Param("policy_size", "uint32_t"),
        ),
        rights=("handle: SET_POLICY",),
        errors=(
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "BAD_STATE",
            "OUT_OF_RANGE",
            "ALREADY_EXISTS",
            "NOT_SUPPORTED",
        ),
        category="tasks",
    ),
)

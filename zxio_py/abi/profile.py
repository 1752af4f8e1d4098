"""Scheduling profiles."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Profile flags.
ZX_PROFILE_INFO_FLAG_PRIORITY = 1
ZX_PROFILE_INFO_FLAG_CPU_MASK = 2
ZX_PROFILE_INFO_FLAG_DEADLINE = 4
ZX_PROFILE_INFO_FLAG_NO_INHERIT = 8
ZX_PROFILE_INFO_FLAG_MEMORY_PRIORITY = 16

# Profile priority.
ZX_PRIORITY_LOWEST = 0
ZX_PRIORITY_LOW = 8
ZX_PRIORITY_DEFAULT = 16
ZX_PRIORITY_HIGH = 24
ZX_PRIORITY_HIGHEST = 31

# Limits and distinguished values.
ZX_CPU_SET_MAX_CPUS = 0x200

_STRUCTS = (
    Struct("zx_cpu_set_t", 64, 8, (Field("mask", 0, 64),)),
    Struct(
        "zx_profile_info_t",
        96,
        8,
        (
            Field("flags", 0, 4),
            Field("padding1", 4, 4),
            Field("priority_or_deadline", 8, 24),
            Field("cpu_affinity_mask", 32, 64),
        ),
    ),
    Struct(
        "zx_sched_deadline_params_t",
        24,
        8,
        (
            Field("capacity", 0, 8),
            Field("relative_deadline", 8, 8),
            Field("period", 16, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_profile_create",
        "zx_status_t",
        (
            Param("root_job", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("profile", "const zx_profile_info_t*"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "root_job: MANAGE_PROCESS on the root job",
            "policy NEW_PROFILE",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS),
        category="tasks",
        note="moves from the root job to a SYSTEM/PROFILE resource in 2023",
    ),
)

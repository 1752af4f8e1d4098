"""System-wide queries and power control."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Options of zx_system_get_event.
ZX_SYSTEM_EVENT_OUT_OF_MEMORY = 1
ZX_SYSTEM_EVENT_MEMORY_PRESSURE_CRITICAL = 2
ZX_SYSTEM_EVENT_MEMORY_PRESSURE_WARNING = 3
ZX_SYSTEM_EVENT_MEMORY_PRESSURE_NORMAL = 4
ZX_SYSTEM_EVENT_IMMINENT_OUT_OF_MEMORY = 5

# Options of zx_system_get_features.
ZX_FEATURE_KIND_CPU = 0
ZX_FEATURE_KIND_HW_BREAKPOINT_COUNT = 1
ZX_FEATURE_KIND_HW_WATCHPOINT_COUNT = 2
ZX_FEATURE_KIND_ADDRESS_TAGGING = 3
ZX_FEATURE_KIND_VM = 4

# Options of zx_system_powerctl.
ZX_SYSTEM_POWERCTL_ENABLE_ALL_CPUS = 1
ZX_SYSTEM_POWERCTL_DISABLE_ALL_CPUS_BUT_PRIMARY = 2
ZX_SYSTEM_POWERCTL_ACPI_TRANSITION_S_STATE = 3
ZX_SYSTEM_POWERCTL_X86_SET_PKG_PL1 = 4
ZX_SYSTEM_POWERCTL_REBOOT = 5
ZX_SYSTEM_POWERCTL_REBOOT_BOOTLOADER = 6
ZX_SYSTEM_POWERCTL_REBOOT_RECOVERY = 7
ZX_SYSTEM_POWERCTL_SHUTDOWN = 8
ZX_SYSTEM_POWERCTL_ACK_KERNEL_INITIATED_REBOOT = 9

# System performance info.
ZX_CPU_PERF_SCALE = 1
ZX_CPU_DEFAULT_PERF_SCALE = 2

# Most bytes that zx_system_mexec_payload_get tells.
ZX_SYSTEM_MEXEC_PAYLOAD_MAX = 16384

_STRUCTS = (
    Struct(
        "zx_cpu_performance_info_t",
        12,
        4,
        (
            Field("logical_cpu_number", 0, 4),
            Field("performance_scale.integral_part", 4, 4),
            Field("performance_scale.fractional_part", 8, 4),
        ),
    ),
    # What is told of a transition to a sleep state (its first three bytes), or this of a limit.
    Struct(
        "zx_system_powerctl_arg_t",
        12,
        4,
        (
            Field("x86_power_limit.power_limit", 0, 4),
            Field("x86_power_limit.time_window", 4, 4),
            Field("x86_power_limit.clamp", 8, 1),
            Field("x86_power_limit.enable", 9, 1),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_system_get_dcache_line_size",
        "uint32_t",
        (),
        attributes=frozenset({"vdsocall", "const"}),
        category="system",
    ),
    Call(
        "zx_system_get_event",
        "zx_status_t",
        (
            Param("root_job", "zx_handle_t", handle="use"),
            Param("kind", "uint32_t"),
            Param("event", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("root_job: MANAGE_PROCESS on the root job",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS"),
        category="system",
    ),
    Call(
        "zx_system_get_features",
        "zx_status_t",
        (
            Param("kind", "uint32_t"),
            Param("features", "uint32_t*", "out"),
        ),
        attributes=frozenset({"vdsocall"}),
        errors=("NOT_SUPPORTED",),
        category="system",
    ),
    Call(
        "zx_system_get_num_cpus",
        "uint32_t",
        (),
        attributes=frozenset({"vdsocall", "const"}),
        category="system",
    ),
    Call(
        "zx_system_get_page_size",
        "uint32_t",
        (),
        attributes=frozenset({"vdsocall", "const"}),
        category="system",
    ),
    Call(
        "zx_system_get_performance_info",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("topic", "uint32_t"),
            Param("count", "size_t"),
            Param("info", "void*", "out", count="count"),
            Param("output_count", "size_t*", "out"),
        ),
        rights=("resource: SYSTEM/CPU_BASE",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "OUT_OF_RANGE", "INVALID_ARGS"),
        category="system",
    ),
    Call(
        "zx_system_get_physmem",
        "uint64_t",
        (),
        attributes=frozenset({"vdsocall"}),
        category="system",
    ),
    Call(
        "zx_system_get_version_string",
        "zx_string_view_t",
        (),
        attributes=frozenset({"vdsocall", "const"}),
        category="system",
    ),
    Call(
        "zx_system_mexec",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("kernel_vmo", "zx_handle_t", handle="use"),
            Param("bootimage_vmo", "zx_handle_t", handle="use"),
        ),
        rights=(
            "resource: SYSTEM/MEXEC_BASE",
            "kernel_vmo, bootimage_vmo: READ",
        ),
        errors=("NOT_SUPPORTED", *HANDLE_ERRORS),
        category="system",
    ),
    Call(
        "zx_system_mexec_payload_get",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        errors=("NOT_SUPPORTED", "BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS", "INTERNAL"),
        category="system",
    ),
    Call(
        "zx_system_powerctl",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("cmd", "uint32_t"),
            Param("arg", "const zx_system_powerctl_arg_t*"),
        ),
        rights=("resource: SYSTEM/POWER_BASE",),
        errors=(
            "BAD_HANDLE",
            "WRONG_TYPE",
            "OUT_OF_RANGE",
            "INVALID_ARGS",
            "BAD_STATE",
        ),
        arch_errors=(("x86_64", ("NOT_SUPPORTED",)),),
        category="system",
    ),
    Call(
        "zx_system_set_performance_info",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("topic", "uint32_t"),
            Param("info", "const void*", count="count"),
            Param("count", "size_t"),
        ),
        rights=("resource: SYSTEM/CPU_BASE",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "OUT_OF_RANGE", "INVALID_ARGS"),
        category="system",
    ),
)

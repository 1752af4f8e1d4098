"""Kernel and machine tracing."""

from zxio_py.abi.model import Call, Param

# Actions of zx_ktrace_control.
KTRACE_ACTION_START = 1
KTRACE_ACTION_STOP = 2
KTRACE_ACTION_REWIND = 3
KTRACE_ACTION_NEW_PROBE = 4
KTRACE_ACTION_START_CIRCULAR = 5

# Kinds of zx_mtrace_control.
MTRACE_KIND_PERFMON = 1

# Limits and distinguished values.
ZX_KTRACE_PROBE_MAX = 0x7FF

_CALLS = (
    Call(
        "zx_ktrace_control",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("action", "uint32_t"),
            Param("options", "uint32_t"),
            Param("ptr", "void*", "inout"),
        ),
        rights=("handle: resource ROOT; needs kernel.enable-debugging-syscalls",),
        errors=("NOT_SUPPORTED", "BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="logging-and-debug",
    ),
    Call(
        "zx_ktrace_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("data", "void*", "out", count="data_size"),
            Param("offset", "uint32_t"),
            Param("data_size", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        rights=("handle: resource ROOT; needs kernel.enable-debugging-syscalls",),
        errors=("NOT_SUPPORTED", "BAD_HANDLE", "WRONG_TYPE"),
        category="logging-and-debug",
    ),
    Call(
        "zx_ktrace_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("id", "uint32_t"),
            Param("arg0", "uint32_t"),
            Param("arg1", "uint32_t"),
        ),
        rights=("handle: resource ROOT; needs kernel.enable-debugging-syscalls",),
        errors=("NOT_SUPPORTED", "BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="logging-and-debug",
    ),
    Call(
        "zx_mtrace_control",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("kind", "uint32_t"),
            Param("action", "uint32_t"),
            Param("options", "uint32_t"),
            Param("ptr", "void*", "inout", count="ptr_size"),
            Param("ptr_size", "size_t"),
        ),
        rights=("handle: resource ROOT; needs kernel.enable-debugging-syscalls",),
        errors=("NOT_SUPPORTED", "BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="logging-and-debug",
    ),
)

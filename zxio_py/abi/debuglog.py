"""The kernel log and the debug serial line."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_LOG_READABLE = 1
ZX_LOG_WRITABLE = 2

# Options of zx_debuglog_create.
ZX_LOG_FLAG_READABLE = 0x40000000

# Options of zx_debuglog_write.
ZX_LOG_LOCAL = 16

# Log severity.
DEBUGLOG_TRACE = 16
DEBUGLOG_DEBUG = 32
DEBUGLOG_INFO = 48
DEBUGLOG_WARNING = 64
DEBUGLOG_ERROR = 80
DEBUGLOG_FATAL = 96

# Limits and distinguished values.
ZX_LOG_RECORD_MAX = 256
ZX_LOG_RECORD_DATA_MAX = 216
ZX_DEBUG_COMMAND_MAX = 256

_STRUCTS = (
    Struct(
        "zx_log_record_t",
        40,
        8,
        (
            Field("sequence", 0, 8),
            Field("padding1", 8, 4),
            Field("datalen", 12, 2),
            Field("severity", 14, 1),
            Field("flags", 15, 1),
            Field("timestamp", 16, 8),
            Field("pid", 24, 8),
            Field("tid", 32, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_debug_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("buffer", "char*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        rights=("handle: resource ROOT; needs kernel.enable-serial-syscalls=true",),
        errors=("NOT_SUPPORTED",),
        category="logging-and-debug",
    ),
    Call(
        "zx_debug_send_command",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("buffer", "const char*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("resource: ROOT; needs kernel.enable-debugging-syscalls",),
        errors=("NOT_SUPPORTED", "BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="logging-and-debug",
    ),
    Call(
        "zx_debug_write",
        "zx_status_t",
        (
            Param("buffer", "const char*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("no handle; needs kernel.enable-serial-syscalls true or output-only",),
        errors=("INVALID_ARGS",),
        category="logging-and-debug",
    ),
    Call(
        "zx_debuglog_create",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "resource: ROOT, except that ZX_HANDLE_INVALID is accepted when options == 0 (write-only log)",
        ),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS"),
        unreachable=(("ACCESS_DENIED", "no right of the resource is asked for"),),
        category="logging-and-debug",
        note="ZX_HANDLE_INVALID with options 0 yields a write-only log",
    ),
    Call(
        "zx_debuglog_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("handle: READ",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "SHOULD_WAIT"),
        category="logging-and-debug",
        note="returns the positive number of bytes copied instead of ZX_OK",
    ),
    Call(
        "zx_debuglog_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("handle: WRITE",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS),
        category="logging-and-debug",
    ),
)

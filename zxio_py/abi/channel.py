"""Channels: messages of bytes and handles between two ends."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_CHANNEL_READABLE = 1
ZX_CHANNEL_WRITABLE = 2
ZX_CHANNEL_PEER_CLOSED = 4

# Options of zx_channel_read.
ZX_CHANNEL_READ_MAY_DISCARD = 1

# Options of zx_channel_write.
ZX_CHANNEL_WRITE_USE_IOVEC = 2

# Limits and distinguished values.
ZX_CHANNEL_MAX_MSG_BYTES = 65536
ZX_CHANNEL_MAX_MSG_HANDLES = 64
ZX_CHANNEL_MAX_MSG_IOVECS = 8192

# Unread messages a channel holds before the writer gets a policy exception; lowest transaction id the kernel gives.
CHANNEL_PENDING_MESSAGES_MAX = 3500
CHANNEL_CALL_TXID_MIN = 0x80000000

_STRUCTS = (
    Struct(
        "zx_channel_call_args_t",
        48,
        8,
        (
            Field("wr_bytes", 0, 8),
            Field("wr_handles", 8, 8),
            Field("rd_bytes", 16, 8),
            Field("rd_handles", 24, 8),
            Field("wr_num_bytes", 32, 4),
            Field("wr_num_handles", 36, 4),
            Field("rd_num_bytes", 40, 4),
            Field("rd_num_handles", 44, 4),
        ),
    ),
    Struct(
        "zx_channel_call_etc_args_t",
        48,
        8,
        (
            Field("wr_bytes", 0, 8),
            Field("wr_handles", 8, 8),
            Field("rd_bytes", 16, 8),
            Field("rd_handles", 24, 8),
            Field("wr_num_bytes", 32, 4),
            Field("wr_num_handles", 36, 4),
            Field("rd_num_bytes", 40, 4),
            Field("rd_num_handles", 44, 4),
        ),
    ),
    Struct(
        "zx_channel_iovec_t",
        16,
        8,
        (
            Field("buffer", 0, 8),
            Field("capacity", 8, 4),
            Field("reserved", 12, 4),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_channel_call",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("deadline", "zx_time_t"),
            Param("args", "const zx_channel_call_args_t*", handle="mixed"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        attributes=frozenset({"vdsocall", "blocking"}),
        rights=(
            "handle: READ, WRITE",
            "every wr_handles entry: TRANSFER",
        ),
        errors=(
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "NOT_SUPPORTED",
            "OUT_OF_RANGE",
            "PEER_CLOSED",
            "TIMED_OUT",
            "CANCELED",
            "BUFFER_TOO_SMALL",
        ),
        category="ipc",
        note="vDSO code: calls channel_call_noretry and loops on channel_call_finish while ZX_ERR_INTERNAL_INTR_RETRY is returned",
    ),
    Call(
        "zx_channel_call_etc",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("deadline", "zx_time_t"),
            Param("args", "zx_channel_call_etc_args_t*", "inout", handle="mixed"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        attributes=frozenset({"vdsocall", "blocking"}),
        rights=(
            "handle: READ, WRITE",
            "every wr_handles entry: TRANSFER (+DUPLICATE for ZX_HANDLE_OP_DUPLICATE)",
        ),
        errors=(
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "NOT_SUPPORTED",
            "OUT_OF_RANGE",
            "PEER_CLOSED",
            "TIMED_OUT",
            "CANCELED",
            "BUFFER_TOO_SMALL",
        ),
        category="ipc",
        note="vDSO code over channel_call_etc_noretry / _finish",
    ),
    Call(
        "zx_channel_call_etc_finish",
        "zx_status_t",
        (
            Param("deadline", "zx_time_t"),
            Param("args", "zx_channel_call_etc_args_t*", "inout", handle="mixed"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        attributes=frozenset({"internal"}),
        category="ipc",
    ),
    Call(
        "zx_channel_call_etc_noretry",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("deadline", "zx_time_t"),
            Param("args", "zx_channel_call_etc_args_t*", "inout", handle="mixed"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        attributes=frozenset({"internal"}),
        category="ipc",
    ),
    Call(
        "zx_channel_call_finish",
        "zx_status_t",
        (
            Param("deadline", "zx_time_t"),
            Param("args", "const zx_channel_call_args_t*", handle="mixed"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        attributes=frozenset({"internal"}),
        category="ipc",
    ),
    Call(
        "zx_channel_call_noretry",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("deadline", "zx_time_t"),
            Param("args", "const zx_channel_call_args_t*", handle="mixed"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        attributes=frozenset({"internal"}),
        category="ipc",
    ),
    Call(
        "zx_channel_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("out0", "zx_handle_t*", "out", handle="acquire"),
            Param("out1", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_CHANNEL",),
        errors=("INVALID_ARGS", "ACCESS_DENIED"),
        category="ipc",
    ),
    Call(
        "zx_channel_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("bytes", "void*", "out", count="num_bytes"),
            Param("handles", "zx_handle_t*", "out", handle="acquire", count="num_handles"),
            Param("num_bytes", "uint32_t"),
            Param("num_handles", "uint32_t"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        rights=("handle: READ",),
        errors=(
            *HANDLE_ERRORS,
            "NOT_SUPPORTED",
            "SHOULD_WAIT",
            "PEER_CLOSED",
            "BUFFER_TOO_SMALL",
            "INVALID_ARGS",
        ),
        category="ipc",
        note="order is bytes, handles, num_bytes, num_handles - unlike channel_write, where each size follows its buffer",
    ),
    Call(
        "zx_channel_read_etc",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("bytes", "void*", "out", count="num_bytes"),
            Param("handles", "zx_handle_info_t*", "out", handle="acquire", count="num_handles"),
            Param("num_bytes", "uint32_t"),
            Param("num_handles", "uint32_t"),
            Param("actual_bytes", "uint32_t*", "out"),
            Param("actual_handles", "uint32_t*", "out"),
        ),
        rights=("handle: READ",),
        errors=(
            *HANDLE_ERRORS,
            "NOT_SUPPORTED",
            "SHOULD_WAIT",
            "PEER_CLOSED",
            "BUFFER_TOO_SMALL",
            "INVALID_ARGS",
        ),
        category="ipc",
    ),
    Call(
        "zx_channel_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("bytes", "const void*", count="num_bytes"),
            Param("num_bytes", "uint32_t"),
            Param("handles", "const zx_handle_t*", handle="release", count="num_handles"),
            Param("num_handles", "uint32_t"),
        ),
        rights=(
            "handle: WRITE",
            "every handles entry: TRANSFER",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "OUT_OF_RANGE", "NOT_SUPPORTED", "PEER_CLOSED"),
        category="ipc",
        note="every listed handle leaves the caller's table whatever the result; with ZX_CHANNEL_WRITE_USE_IOVEC num_bytes counts zx_channel_iovec_t entries",
    ),
    Call(
        "zx_channel_write_etc",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("bytes", "const void*", count="num_bytes"),
            Param("num_bytes", "uint32_t"),
            Param(
                "handles", "zx_handle_disposition_t*", "inout", handle="mixed", count="num_handles"
            ),
            Param("num_handles", "uint32_t"),
        ),
        rights=(
            "handle: WRITE",
            "every handles entry: TRANSFER (+DUPLICATE for ZX_HANDLE_OP_DUPLICATE)",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "OUT_OF_RANGE", "NOT_SUPPORTED", "PEER_CLOSED"),
        category="ipc",
        note="MOVE entries always leave the caller's table; per-entry result fields are written only when the call fails",
    ),
)

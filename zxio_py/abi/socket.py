"""Sockets: byte streams and datagrams between two ends."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_SOCKET_READABLE = 1
ZX_SOCKET_WRITABLE = 2
ZX_SOCKET_PEER_CLOSED = 4
ZX_SOCKET_PEER_WRITE_DISABLED = 16
ZX_SOCKET_WRITE_DISABLED = 32
ZX_SOCKET_READ_THRESHOLD = 0x400
ZX_SOCKET_WRITE_THRESHOLD = 0x800

# Options of zx_socket_create.
ZX_SOCKET_STREAM = 0
ZX_SOCKET_DATAGRAM = 1
ZX_SOCKET_CREATE_MASK = 1

# Options of zx_socket_read.
ZX_SOCKET_PEEK = 8

# Socket disposition.
ZX_SOCKET_DISPOSITION_WRITE_DISABLED = 1
ZX_SOCKET_DISPOSITION_WRITE_ENABLED = 2

_STRUCTS = (
    Struct(
        "zx_info_socket_t",
        48,
        8,
        (
            Field("options", 0, 4),
            Field("padding1", 4, 4),
            Field("rx_buf_max", 8, 8),
            Field("rx_buf_size", 16, 8),
            Field("rx_buf_available", 24, 8),
            Field("tx_buf_max", 32, 8),
            Field("tx_buf_size", 40, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_socket_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("out0", "zx_handle_t*", "out", handle="acquire"),
            Param("out1", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_SOCKET",),
        errors=("ACCESS_DENIED", "INVALID_ARGS"),
        category="ipc",
    ),
    Call(
        "zx_socket_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        rights=("handle: READ",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "PEER_CLOSED", "BAD_STATE", "SHOULD_WAIT"),
        category="ipc",
    ),
    Call(
        "zx_socket_set_disposition",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("disposition", "uint32_t"),
            Param("disposition_peer", "uint32_t"),
        ),
        rights=("handle: MANAGE_SOCKET",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "BAD_STATE"),
        category="ipc",
    ),
    Call(
        "zx_socket_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        rights=("handle: WRITE",),
        errors=(
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "PEER_CLOSED",
            "BAD_STATE",
            "SHOULD_WAIT",
            "OUT_OF_RANGE",
        ),
        category="ipc",
    ),
)

"""FIFOs: small fixed-size elements between two ends."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Param

# Signals.
ZX_FIFO_READABLE = 1
ZX_FIFO_WRITABLE = 2
ZX_FIFO_PEER_CLOSED = 4

# Limits and distinguished values.
ZX_FIFO_MAX_SIZE_BYTES = 4096

_CALLS = (
    Call(
        "zx_fifo_create",
        "zx_status_t",
        (
            Param("elem_count", "size_t"),
            Param("elem_size", "size_t"),
            Param("options", "uint32_t"),
            Param("out0", "zx_handle_t*", "out", handle="acquire"),
            Param("out1", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_FIFO",),
        errors=("ACCESS_DENIED", "OUT_OF_RANGE", "INVALID_ARGS"),
        category="ipc",
    ),
    Call(
        "zx_fifo_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("elem_size", "size_t"),
            Param("data", "void*", "out", count="data_size"),
            Param("data_size", "size_t"),
            Param("actual_count", "size_t*", "out"),
        ),
        rights=("handle: READ",),
        errors=(*HANDLE_ERRORS, "OUT_OF_RANGE", "PEER_CLOSED", "SHOULD_WAIT", "INVALID_ARGS"),
        category="ipc",
        note="data_size (called count in the docs) counts elements, not bytes",
    ),
    Call(
        "zx_fifo_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("elem_size", "size_t"),
            Param("data", "const void*", count="count"),
            Param("count", "size_t"),
            Param("actual_count", "size_t*", "out"),
        ),
        rights=("handle: WRITE",),
        errors=(*HANDLE_ERRORS, "PEER_CLOSED", "OUT_OF_RANGE", "SHOULD_WAIT", "INVALID_ARGS"),
        category="ipc",
        note="count counts elements, not bytes",
    ),
)

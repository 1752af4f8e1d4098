"""Streams: seekable reading and writing over a VMO."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Options of zx_stream_create.
ZX_STREAM_MODE_READ = 1
ZX_STREAM_MODE_WRITE = 2
ZX_STREAM_MODE_APPEND = 4

# Options of zx_stream_writev.
ZX_STREAM_APPEND = 1

# Stream seek whence.
ZX_STREAM_SEEK_ORIGIN_START = 0
ZX_STREAM_SEEK_ORIGIN_CURRENT = 1
ZX_STREAM_SEEK_ORIGIN_END = 2

_STRUCTS = (
    Struct(
        "zx_info_stream_t",
        24,
        8,
        (
            Field("options", 0, 4),
            Field("padding1", 4, 4),
            Field("seek", 8, 8),
            Field("content_size", 16, 8),
        ),
    ),
    Struct(
        "zx_iovec_t",
        16,
        8,
        (
            Field("buffer", 0, 8),
            Field("capacity", 8, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_stream_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("vmo", "zx_handle_t", handle="use"),
            Param("seek", "zx_off_t"),
            Param("out_stream", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("vmo: READ if MODE_READ, WRITE if MODE_WRITE",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS),
        category="ipc",
    ),
    Call(
        "zx_stream_readv",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("vectors", "zx_iovec_t*", count="num_vectors"),
            Param("num_vectors", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: READ",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "NOT_FOUND", "BAD_STATE"),
        category="ipc",
    ),
    Call(
        "zx_stream_readv_at",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("offset", "zx_off_t"),
            Param("vectors", "zx_iovec_t*", count="num_vectors"),
            Param("num_vectors", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: READ",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "NOT_FOUND", "BAD_STATE", "OUT_OF_RANGE"),
        unreachable=(
            (
                "OUT_OF_RANGE",
                "documented only: there is nothing to read at any offset behind the content",
            ),
        ),
        category="ipc",
    ),
    Call(
        "zx_stream_seek",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("whence", "zx_stream_seek_origin_t"),
            Param("offset", "int64_t"),
            Param("out_seek", "zx_off_t*", "out"),
        ),
        rights=("handle: READ or WRITE",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS"),
        category="ipc",
    ),
    Call(
        "zx_stream_writev",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("vectors", "const zx_iovec_t*", count="num_vectors"),
            Param("num_vectors", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: WRITE",),
        errors=(
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "NOT_FOUND",
            "BAD_STATE",
            "NO_SPACE",
            "FILE_BIG",
            "OUT_OF_RANGE",
        ),
        category="ipc",
    ),
    Call(
        "zx_stream_writev_at",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("offset", "zx_off_t"),
            Param("vectors", "const zx_iovec_t*", count="num_vectors"),
            Param("num_vectors", "size_t"),
            Param("actual", "size_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: WRITE",),
        errors=(
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "NOT_FOUND",
            "BAD_STATE",
            "NO_SPACE",
            "FILE_BIG",
            "OUT_OF_RANGE",
        ),
        category="ipc",
    ),
)

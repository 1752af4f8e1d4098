"""Handles: the values, closing, duplicating, replacing."""

from zxio_py.abi.model import Call, Field, Param, Struct

# Operations of a handle disposition.
ZX_HANDLE_OP_MOVE = 0
ZX_HANDLE_OP_DUPLICATE = 1

# Limits and distinguished values.
ZX_HANDLE_INVALID = 0
ZX_HANDLE_FIXED_BITS_MASK = 3

_STRUCTS = (
    Struct(
        "zx_handle_info_t",
        16,
        4,
        (
            Field("handle", 0, 4),
            Field("type", 4, 4),
            Field("rights", 8, 4),
            Field("unused", 12, 4),
        ),
    ),
    Struct(
        "zx_handle_disposition_t",
        20,
        4,
        (
            Field("operation", 0, 4),
            Field("handle", 4, 4),
            Field("type", 8, 4),
            Field("rights", 12, 4),
            Field("result", 16, 4),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_handle_close",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="release"),),
        rights=("handle: none",),
        errors=("BAD_HANDLE",),
        category="handles-and-objects",
        note="ZX_HANDLE_INVALID is accepted and gives ZX_OK",
    ),
    Call(
        "zx_handle_close_many",
        "zx_status_t",
        (
            Param("handles", "const zx_handle_t*", handle="release", count="num_handles"),
            Param("num_handles", "size_t"),
        ),
        errors=("BAD_HANDLE", "INVALID_ARGS"),
        category="handles-and-objects",
    ),
    Call(
        "zx_handle_duplicate",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("rights", "zx_rights_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: DUPLICATE",),
        errors=("BAD_HANDLE", "ACCESS_DENIED", "INVALID_ARGS"),
        category="handles-and-objects",
    ),
    Call(
        "zx_handle_replace",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="release"),
            Param("rights", "zx_rights_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: none",),
        errors=("BAD_HANDLE", "INVALID_ARGS"),
        category="handles-and-objects",
    ),
)

"""User pagers."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Options of zx_pager_create_vmo.
ZX_VMO_TRAP_DIRTY = 8

# Options of zx_pager_op_range.
ZX_PAGER_OP_FAIL = 1
ZX_PAGER_OP_DIRTY = 2
ZX_PAGER_OP_WRITEBACK_BEGIN = 3
ZX_PAGER_OP_WRITEBACK_END = 4

# Option of a zx_vmo_dirty_range_t, and data of ZX_PAGER_OP_WRITEBACK_BEGIN.
ZX_VMO_DIRTY_RANGE_IS_ZERO = 1

# Options of zx_pager_query_vmo_stats, and what it tells.
ZX_PAGER_RESET_VMO_STATS = 1
ZX_PAGER_VMO_STATS_MODIFIED = 1

# Page request commands.
ZX_PAGER_VMO_READ = 0
ZX_PAGER_VMO_COMPLETE = 1
ZX_PAGER_VMO_DIRTY = 2

_STRUCTS = (
    Struct(
        "zx_vmo_dirty_range_t",
        24,
        8,
        (
            Field("offset", 0, 8),
            Field("length", 8, 8),
            Field("options", 16, 8),
        ),
    ),
    Struct("zx_pager_vmo_stats_t", 4, 4, (Field("modified", 0, 4),)),
)

_CALLS = (
    Call(
        "zx_pager_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_PAGER",),
        errors=("ACCESS_DENIED", "INVALID_ARGS"),
        category="memory",
    ),
    Call(
        "zx_pager_create_vmo",
        "zx_status_t",
        (
            Param("pager", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("port", "zx_handle_t", handle="use"),
            Param("key", "uint64_t"),
            Param("size", "uint64_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "pager: none in the 2022 rights (ATTACH_VMO once that right exists, late 2023+)",
            "port: WRITE",
        ),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "OUT_OF_RANGE"),
        category="memory",
    ),
    Call(
        "zx_pager_detach_vmo",
        "zx_status_t",
        (
            Param("pager", "zx_handle_t", handle="use"),
            Param("vmo", "zx_handle_t", handle="use"),
        ),
        rights=(
            "pager: none in 2022 (ATTACH_VMO+MANAGE_VMO later)",
            "vmo: none in 2022 (WRITE later)",
        ),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="memory",
    ),
    Call(
        "zx_pager_op_range",
        "zx_status_t",
        (
            Param("pager", "zx_handle_t", handle="use"),
            Param("op", "uint32_t"),
            Param("pager_vmo", "zx_handle_t", handle="use"),
            Param("offset", "uint64_t"),
            Param("length", "uint64_t"),
            Param("data", "uint64_t"),
        ),
        rights=(
            "pager: none in 2022 (MANAGE_VMO later)",
            "pager_vmo: none in 2022 (WRITE later)",
        ),
        errors=(
            "BAD_HANDLE",
            "WRONG_TYPE",
            "INVALID_ARGS",
            "NOT_SUPPORTED",
            "OUT_OF_RANGE",
            "NOT_FOUND",
        ),
        category="memory",
    ),
    Call(
        "zx_pager_query_dirty_ranges",
        "zx_status_t",
        (
            Param("pager", "zx_handle_t", handle="use"),
            Param("pager_vmo", "zx_handle_t", handle="use"),
            Param("offset", "uint64_t"),
            Param("length", "uint64_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
            Param("actual", "size_t*", "out"),
            Param("avail", "size_t*", "out"),
        ),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS", "OUT_OF_RANGE"),
        attributes=frozenset({"next"}),
        category="memory",
    ),
    Call(
        "zx_pager_query_vmo_stats",
        "zx_status_t",
        (
            Param("pager", "zx_handle_t", handle="use"),
            Param("pager_vmo", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS", "BUFFER_TOO_SMALL"),
        attributes=frozenset({"next"}),
        category="memory",
    ),
    Call(
        "zx_pager_supply_pages",
        "zx_status_t",
        (
            Param("pager", "zx_handle_t", handle="use"),
            Param("pager_vmo", "zx_handle_t", handle="use"),
            Param("offset", "uint64_t"),
            Param("length", "uint64_t"),
            Param("aux_vmo", "zx_handle_t", handle="use"),
            Param("aux_offset", "uint64_t"),
        ),
        rights=(
            "pager: none in 2022 (MANAGE_VMO later)",
            "pager_vmo: none in 2022 (WRITE later)",
            "aux_vmo: READ and WRITE (docs name WRITE)",
        ),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "BAD_STATE", "NOT_SUPPORTED", "OUT_OF_RANGE"),
        category="memory",
    ),
)

"""Virtual memory objects."""

from zxio_py.abi.model import HANDLE_ERRORS, PAGER_ERRORS, Call, Field, Param, Struct

# Signals.
ZX_VMO_ZERO_CHILDREN = 8

# Flags of zx_info_vmo_t.
ZX_INFO_VMO_TYPE_PAGED = 1
ZX_INFO_VMO_RESIZABLE = 2
ZX_INFO_VMO_IS_COW_CLONE = 4
ZX_INFO_VMO_VIA_HANDLE = 8
ZX_INFO_VMO_VIA_MAPPING = 16
ZX_INFO_VMO_PAGER_BACKED = 32
ZX_INFO_VMO_CONTIGUOUS = 64
ZX_INFO_VMO_DISCARDABLE = 128
ZX_INFO_VMO_IMMUTABLE = 256

# Options of zx_vmo_create.
ZX_VMO_RESIZABLE = 2
ZX_VMO_DISCARDABLE = 4

# Options of zx_vmo_create_child.
ZX_VMO_CHILD_SNAPSHOT = 1
ZX_VMO_CHILD_RESIZABLE = 4
ZX_VMO_CHILD_SLICE = 8
ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE = 16
ZX_VMO_CHILD_NO_WRITE = 32
ZX_VMO_CHILD_REFERENCE = 64

# Options of zx_vmo_op_range.
ZX_VMO_OP_COMMIT = 1
ZX_VMO_OP_DECOMMIT = 2
ZX_VMO_OP_LOCK = 3
ZX_VMO_OP_UNLOCK = 4
ZX_VMO_OP_CACHE_SYNC = 6
ZX_VMO_OP_CACHE_INVALIDATE = 7
ZX_VMO_OP_CACHE_CLEAN = 8
ZX_VMO_OP_CACHE_CLEAN_INVALIDATE = 9
ZX_VMO_OP_ZERO = 10
ZX_VMO_OP_TRY_LOCK = 11
ZX_VMO_OP_DONT_NEED = 12
ZX_VMO_OP_ALWAYS_NEED = 13

# Vmo cache policy.
ZX_CACHE_POLICY_CACHED = 0
ZX_CACHE_POLICY_UNCACHED = 1
ZX_CACHE_POLICY_UNCACHED_DEVICE = 2
ZX_CACHE_POLICY_WRITE_COMBINING = 3
ZX_CACHE_POLICY_MASK = 3

# Limits and distinguished values.
ZX_PAGE_SIZE = 4096

_STRUCTS = (
    Struct(
        "zx_info_vmo_t",
        120,
        8,
        (
            Field("koid", 0, 8),
            Field("name", 8, 32),
            Field("size_bytes", 40, 8),
            Field("parent_koid", 48, 8),
            Field("num_children", 56, 8),
            Field("num_mappings", 64, 8),
            Field("share_count", 72, 8),
            Field("flags", 80, 4),
            Field("padding1", 84, 4),
            Field("committed_bytes", 88, 8),
            Field("handle_rights", 96, 4),
            Field("cache_policy", 100, 4),
            Field("metadata_bytes", 104, 8),
            Field("committed_change_events", 112, 8),
        ),
    ),
    Struct(
        "zx_info_vmo_v1_t",
        104,
        8,
        (
            Field("koid", 0, 8),
            Field("name", 8, 32),
            Field("size_bytes", 40, 8),
            Field("parent_koid", 48, 8),
            Field("num_children", 56, 8),
            Field("num_mappings", 64, 8),
            Field("share_count", 72, 8),
            Field("flags", 80, 4),
            Field("padding1", 84, 4),
            Field("committed_bytes", 88, 8),
            Field("handle_rights", 96, 4),
            Field("cache_policy", 100, 4),
        ),
    ),
    Struct(
        "zx_vmo_lock_state_t",
        32,
        8,
        (
            Field("offset", 0, 8),
            Field("size", 8, 8),
            Field("discarded_offset", 16, 8),
            Field("discarded_size", 24, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_vmo_create",
        "zx_status_t",
        (
            Param("size", "uint64_t"),
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_VMO",),
        errors=("ACCESS_DENIED", "INVALID_ARGS", "OUT_OF_RANGE"),
        category="memory",
    ),
    Call(
        "zx_vmo_create_child",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("offset", "uint64_t"),
            Param("size", "uint64_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: DUPLICATE and READ",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "NOT_SUPPORTED", "OUT_OF_RANGE", "BAD_STATE"),
        category="memory",
    ),
    Call(
        "zx_vmo_create_contiguous",
        "zx_status_t",
        (
            Param("bti", "zx_handle_t", handle="use"),
            Param("size", "size_t"),
            Param("alignment_log2", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "bti: MAP",
            "policy NEW_VMO",
        ),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "OUT_OF_RANGE", "NO_MEMORY"),
        category="memory",
    ),
    Call(
        "zx_vmo_create_physical",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("paddr", "zx_paddr_t"),
            Param("size", "size_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "resource: MMIO covering the range",
            "policy NEW_VMO",
        ),
        errors=(*HANDLE_ERRORS, "OUT_OF_RANGE", "INVALID_ARGS"),
        category="memory",
    ),
    Call(
        "zx_vmo_get_size",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("size", "uint64_t*", "out"),
        ),
        rights=("handle: none",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="memory",
    ),
    Call(
        "zx_vmo_op_range",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("op", "uint32_t"),
            Param("offset", "uint64_t"),
            Param("size", "uint64_t"),
            Param("buffer", "void*", "inout", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"blocking"}),
        rights=(
            "handle: WRITE for COMMIT, DECOMMIT, ZERO, CACHE_INVALIDATE; READ for the other cache ops; READ or WRITE for LOCK, TRY_LOCK, UNLOCK; none for DONT_NEED, ALWAYS_NEED",
        ),
        errors=(
            *HANDLE_ERRORS,
            *PAGER_ERRORS,
            "INVALID_ARGS",
            "OUT_OF_RANGE",
            "NOT_SUPPORTED",
            "BAD_STATE",
            "UNAVAILABLE",
        ),
        unreachable=(
            ("UNAVAILABLE", "unlocked pages go only when the machine runs out of memory"),
        ),
        category="memory",
    ),
    Call(
        "zx_vmo_read",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("offset", "uint64_t"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: READ",),
        errors=(
            *HANDLE_ERRORS,
            *PAGER_ERRORS,
            "BAD_STATE",
            "OUT_OF_RANGE",
            "INVALID_ARGS",
            "NOT_SUPPORTED",
        ),
        category="memory",
    ),
    Call(
        "zx_vmo_replace_as_executable",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="release"),
            Param("vmex", "zx_handle_t", handle="use"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "handle: none; consumed always",
            "vmex: SYSTEM/VMEX_BASE, or ZX_HANDLE_INVALID with policy AMBIENT_MARK_VMO_EXEC",
        ),
        errors=("BAD_HANDLE", "ACCESS_DENIED", "WRONG_TYPE", "INVALID_ARGS", "OUT_OF_RANGE"),
        category="memory",
        note="handle is consumed even on failure",
    ),
    Call(
        "zx_vmo_set_cache_policy",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("cache_policy", "uint32_t"),
        ),
        rights=("handle: MAP",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "BAD_STATE", "NOT_SUPPORTED"),
        unreachable=(("NOT_SUPPORTED", "documented only: every kind of VMO takes a policy"),),
        category="memory",
    ),
    Call(
        "zx_vmo_set_size",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("size", "uint64_t"),
        ),
        rights=("handle: WRITE, and RESIZE when the VMO is resizable",),
        errors=(*HANDLE_ERRORS, "UNAVAILABLE", "OUT_OF_RANGE", "BAD_STATE", "INVALID_ARGS"),
        category="memory",
    ),
    Call(
        "zx_vmo_write",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("buffer", "const void*", count="buffer_size"),
            Param("offset", "uint64_t"),
            Param("buffer_size", "size_t"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: WRITE",),
        errors=(
            *HANDLE_ERRORS,
            *PAGER_ERRORS,
            "BAD_STATE",
            "OUT_OF_RANGE",
            "INVALID_ARGS",
            "NOT_SUPPORTED",
        ),
        category="memory",
    ),
)

"""Bus transaction initiators, pinned memory and IOMMUs."""

from zxio_py.abi.model import HANDLE_ERRORS, PAGER_ERRORS, Call, Field, Param, Struct

# Options of zx_bti_pin.
ZX_BTI_PERM_READ = 1
ZX_BTI_PERM_WRITE = 2
ZX_BTI_PERM_EXECUTE = 4
ZX_BTI_COMPRESS = 8
ZX_BTI_CONTIGUOUS = 16

# Types of zx_iommu_create.
ZX_IOMMU_TYPE_DUMMY = 0
ZX_IOMMU_TYPE_INTEL = 1

# Limits and distinguished values.
ZX_IOMMU_MAX_DESC_LEN = 4096

_STRUCTS = (
    Struct("zx_iommu_desc_dummy_t", 1, 1, (Field("reserved", 0, 1),)),
    Struct(
        "zx_info_bti_t",
        32,
        8,
        (
            Field("minimum_contiguity", 0, 8),
            Field("aspace_size", 8, 8),
            Field("pmo_count", 16, 8),
            Field("quarantine_count", 24, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_bti_create",
        "zx_status_t",
        (
            Param("iommu", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("bti_id", "uint64_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("iommu: none required",),
        errors=("INVALID_ARGS", "BAD_HANDLE", "WRONG_TYPE"),
        category="memory",
    ),
    Call(
        "zx_bti_pin",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("vmo", "zx_handle_t", handle="use"),
            Param("offset", "uint64_t"),
            Param("size", "uint64_t"),
            Param("addrs", "zx_paddr_t*", "out", count="num_addrs"),
            Param("num_addrs", "size_t"),
            Param("pmt", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "handle: MAP",
            "vmo: MAP; +READ for PERM_READ or PERM_EXECUTE; +WRITE for PERM_WRITE",
        ),
        errors=(
            *HANDLE_ERRORS,
            *PAGER_ERRORS,
            "INVALID_ARGS",
            "NO_MEMORY",
            "OUT_OF_RANGE",
            "BAD_STATE",
        ),
        category="memory",
    ),
    Call(
        "zx_bti_release_quarantine",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: WRITE",),
        errors=HANDLE_ERRORS,
        category="memory",
    ),
    Call(
        "zx_iommu_create",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("type", "uint32_t"),
            Param("desc", "const void*", count="desc_size"),
            Param("desc_size", "size_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("resource: ROOT (docs)",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS", "NOT_SUPPORTED"),
        category="memory",
    ),
    Call(
        "zx_pmt_unpin",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="release"),),
        rights=("handle: none; always consumed",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="memory",
    ),
)

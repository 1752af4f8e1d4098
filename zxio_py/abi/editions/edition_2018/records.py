"""Records of May 2018 whose layout is another in late 2022."""

from zxio_py.abi.model import Field, Struct

RECORDS: tuple[Struct, ...] = (
    Struct(
        "zx_info_handle_basic_t",
        32,
        8,
        (
            Field("koid", 0, 8),
            Field("rights", 8, 4),
            Field("type", 12, 4),
            Field("related_koid", 16, 8),
            Field("props", 24, 4),
            Field("padding1", 28, 4),
        ),
    ),
    Struct(
        "zx_info_process_t",
        8,
        4,
        (
            Field("return_code", 0, 4),
            Field("started", 4, 1),
            Field("exited", 5, 1),
            Field("debugger_attached", 6, 1),
            Field("padding1", 7, 1),
        ),
    ),
    Struct(
        "zx_info_thread_t",
        8,
        4,
        (Field("state", 0, 4), Field("wait_exception_port_type", 4, 4)),
    ),
    Struct("zx_info_thread_stats_t", 8, 8, (Field("total_runtime", 0, 8),)),
    Struct(
        "zx_info_vmo_t",
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
            Field("padding2", 100, 4),
        ),
    ),
    Struct(
        "zx_info_maps_t",
        88,
        8,
        (
            Field("name", 0, 32),
            Field("base", 32, 8),
            Field("size", 40, 8),
            Field("depth", 48, 8),
            Field("type", 56, 4),
            Field("padding1", 60, 4),
            Field("u.mapping", 64, 24),
        ),
    ),
    Struct(
        "zx_info_resource_t",
        24,
        8,
        (
            Field("kind", 0, 4),
            Field("padding1", 4, 4),
            Field("low", 8, 8),
            Field("high", 16, 8),
        ),
    ),
    Struct(
        "zx_info_bti_t",
        16,
        8,
        (Field("minimum_contiguity", 0, 8), Field("aspace_size", 8, 8)),
    ),
)

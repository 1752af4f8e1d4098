"""Message-signalled interrupts."""

from zxio_py.abi.model import Call, Field, Param, Struct

# Options of zx_msi_create.
ZX_MSI_MODE_MSI_X = 1

_STRUCTS = (
    Struct(
        "zx_info_msi_t",
        24,
        8,
        (
            Field("target_addr", 0, 8),
            Field("target_data", 8, 4),
            Field("base_irq_id", 12, 4),
            Field("num_irq", 16, 4),
            Field("interrupt_count", 20, 4),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_msi_allocate",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("count", "uint32_t"),
            Param("out_allocation", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("handle: resource ROOT",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "NOT_SUPPORTED"),
        category="driver-and-platform",
    ),
    Call(
        "zx_msi_create",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("msi_id", "uint32_t"),
            Param("vmo", "zx_handle_t", handle="use"),
            Param("vmo_offset", "size_t"),
            Param("out_interrupt", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=(
            "handle: none documented",
            "vmo: MAP",
        ),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="driver-and-platform",
    ),
)

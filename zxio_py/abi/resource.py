"""Resources: permission to use hardware and the system."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Resource kind.
ZX_RSRC_KIND_MMIO = 0
ZX_RSRC_KIND_IRQ = 1
ZX_RSRC_KIND_IOPORT = 2
ZX_RSRC_KIND_ROOT = 3
ZX_RSRC_KIND_SMC = 4
ZX_RSRC_KIND_SYSTEM = 5
ZX_RSRC_KIND_COUNT = 6
ZX_RSRC_FLAG_EXCLUSIVE = 0x10000

# Resource system base.
ZX_RSRC_SYSTEM_HYPERVISOR_BASE = 0
ZX_RSRC_SYSTEM_VMEX_BASE = 1
ZX_RSRC_SYSTEM_DEBUG_BASE = 2
ZX_RSRC_SYSTEM_INFO_BASE = 3
ZX_RSRC_SYSTEM_CPU_BASE = 4
ZX_RSRC_SYSTEM_POWER_BASE = 5
ZX_RSRC_SYSTEM_MEXEC_BASE = 6
ZX_RSRC_SYSTEM_ENERGY_INFO_BASE = 7
ZX_RSRC_SYSTEM_IOMMU_BASE = 8

_STRUCTS = (
    Struct(
        "zx_info_resource_t",
        56,
        8,
        (
            Field("kind", 0, 4),
            Field("flags", 4, 4),
            Field("base", 8, 8),
            Field("size", 16, 8),
            Field("name", 24, 32),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_resource_create",
        "zx_status_t",
        (
            Param("parent_rsrc", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("base", "uint64_t"),
            Param("size", "size_t"),
            Param("name", "const char*", count="name_size"),
            Param("name_size", "size_t"),
            Param("resource_out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("parent_rsrc: WRITE",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "NOT_FOUND"),
        category="driver-and-platform",
    ),
)

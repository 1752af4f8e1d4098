"""Virtual memory address regions."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Types of zx_info_maps_t.
ZX_INFO_MAPS_TYPE_NONE = 0
ZX_INFO_MAPS_TYPE_ASPACE = 1
ZX_INFO_MAPS_TYPE_VMAR = 2
ZX_INFO_MAPS_TYPE_MAPPING = 3

# Options of zx_vmar_op_range.
ZX_VMAR_OP_COMMIT = 1
ZX_VMAR_OP_DECOMMIT = 2
ZX_VMAR_OP_MAP_RANGE = 3
ZX_VMAR_OP_DONT_NEED = 12
ZX_VMAR_OP_ALWAYS_NEED = 13

# Options of zx_vmar_map, zx_vmar_allocate and zx_vmar_protect.
ZX_VM_PERM_READ = 1
ZX_VM_PERM_WRITE = 2
ZX_VM_PERM_EXECUTE = 4
ZX_VM_COMPACT = 8
ZX_VM_SPECIFIC = 16
ZX_VM_SPECIFIC_OVERWRITE = 32
ZX_VM_CAN_MAP_SPECIFIC = 64
ZX_VM_CAN_MAP_READ = 128
ZX_VM_CAN_MAP_WRITE = 256
ZX_VM_CAN_MAP_EXECUTE = 0x200
ZX_VM_MAP_RANGE = 0x400
ZX_VM_REQUIRE_NON_RESIZABLE = 0x800
ZX_VM_ALLOW_FAULTS = 0x1000
ZX_VM_OFFSET_IS_UPPER_LIMIT = 0x2000
ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED = 0x4000
ZX_VM_ALIGN_BASE = 24
ZX_VM_ALIGN_1KB = 0xA000000
ZX_VM_ALIGN_2KB = 0xB000000
ZX_VM_ALIGN_4KB = 0xC000000
ZX_VM_ALIGN_8KB = 0xD000000
ZX_VM_ALIGN_16KB = 0xE000000
ZX_VM_ALIGN_32KB = 0xF000000
ZX_VM_ALIGN_64KB = 0x10000000
ZX_VM_ALIGN_128KB = 0x11000000
ZX_VM_ALIGN_256KB = 0x12000000
ZX_VM_ALIGN_512KB = 0x13000000
ZX_VM_ALIGN_1MB = 0x14000000
ZX_VM_ALIGN_2MB = 0x15000000
ZX_VM_ALIGN_4MB = 0x16000000
ZX_VM_ALIGN_8MB = 0x17000000
ZX_VM_ALIGN_16MB = 0x18000000
ZX_VM_ALIGN_32MB = 0x19000000
ZX_VM_ALIGN_64MB = 0x1A000000
ZX_VM_ALIGN_128MB = 0x1B000000
ZX_VM_ALIGN_256MB = 0x1C000000
ZX_VM_ALIGN_512MB = 0x1D000000
ZX_VM_ALIGN_1GB = 0x1E000000
ZX_VM_ALIGN_2GB = 0x1F000000
ZX_VM_ALIGN_4GB = 0x20000000

_STRUCTS = (
    Struct(
        "zx_info_vmar_t",
        16,
        8,
        (
            Field("base", 0, 8),
            Field("len", 8, 8),
        ),
    ),
    Struct(
        "zx_info_maps_mapping_t",
        32,
        8,
        (
            Field("mmu_flags", 0, 4),
            Field("padding1", 4, 4),
            Field("vmo_koid", 8, 8),
            Field("vmo_offset", 16, 8),
            Field("committed_pages", 24, 8),
        ),
    ),
    Struct(
        "zx_info_maps_t",
        96,
        8,
        (
            Field("name", 0, 32),
            Field("base", 32, 8),
            Field("size", 40, 8),
            Field("depth", 48, 8),
            Field("type", 56, 4),
            Field("padding1", 60, 4),
            Field("u.mapping", 64, 32),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_vmar_allocate",
        "zx_status_t",
        (
            Param("parent_vmar", "zx_handle_t", handle="use"),
            Param("options", "zx_vm_option_t"),
            Param("offset", "size_t"),
            Param("size", "size_t"),
            Param("child_vmar", "zx_handle_t*", "out", handle="acquire"),
            Param("child_addr", "zx_vaddr_t*", "out"),
        ),
        rights=("parent_vmar: READ/WRITE/EXECUTE for the matching CAN_MAP flags",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "ALREADY_EXISTS", "NO_RESOURCES", "BAD_STATE"),
        category="memory",
    ),
    Call(
        "zx_vmar_destroy",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: OP_CHILDREN",),
        errors=(*HANDLE_ERRORS, "BAD_STATE", "NOT_SUPPORTED"),
        category="memory",
    ),
    Call(
        "zx_vmar_map",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "zx_vm_option_t"),
            Param("vmar_offset", "size_t"),
            Param("vmo", "zx_handle_t", handle="use"),
            Param("vmo_offset", "uint64_t"),
            Param("len", "size_t"),
            Param("mapped_addr", "zx_vaddr_t*", "out"),
        ),
        rights=(
            "handle: READ/WRITE/EXECUTE for the matching PERM flags",
            "vmo: MAP, plus the same READ/WRITE/EXECUTE",
        ),
        errors=(
            *HANDLE_ERRORS,
            "INVALID_ARGS",
            "BAD_STATE",
            "OUT_OF_RANGE",
            "ALREADY_EXISTS",
            "NO_RESOURCES",
            "NOT_SUPPORTED",
            "BUFFER_TOO_SMALL",
        ),
        unreachable=(
            ("BUFFER_TOO_SMALL", "documented only: a mapping may reach beyond the VMO's end"),
        ),
        category="memory",
    ),
    Call(
        "zx_vmar_op_range",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("op", "uint32_t"),
            Param("address", "zx_vaddr_t"),
            Param("size", "size_t"),
            Param("buffer", "void*", "inout", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=(
            "handle: WRITE for COMMIT/DECOMMIT/MAP_RANGE on writable mappings; none for hints",
            "needs OP_CHILDREN to reach sub-regions",
        ),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "BAD_STATE", "OUT_OF_RANGE", "NOT_SUPPORTED"),
        category="memory",
    ),
    Call(
        "zx_vmar_protect",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "zx_vm_option_t"),
            Param("addr", "zx_vaddr_t"),
            Param("len", "size_t"),
        ),
        rights=(
            "handle: READ/WRITE/EXECUTE for the new PERM flags; OP_CHILDREN to reach sub-regions",
        ),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "NOT_FOUND", "BAD_STATE"),
        category="memory",
    ),
    Call(
        "zx_vmar_unmap",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("addr", "zx_vaddr_t"),
            Param("len", "size_t"),
        ),
        rights=("handle: none; OP_CHILDREN to reach sub-regions",),
        errors=(
            "BAD_HANDLE",
            "WRONG_TYPE",
            "INVALID_ARGS",
            "NOT_FOUND",
            "BAD_STATE",
            "ACCESS_DENIED",
        ),
        unreachable=(
            ("NOT_FOUND", "documented only: where nothing is mapped there is nothing to unmap"),
        ),
        category="memory",
    ),
    Call(
        "zx_vmar_unmap_handle_close_thread_exit",
        "zx_status_t",
        (
            Param("vmar_handle", "zx_handle_t", handle="use"),
            Param("addr", "zx_vaddr_t"),
            Param("size", "size_t"),
            Param("close_handle", "zx_handle_t", handle="release"),
        ),
        attributes=frozenset({"vdsocall"}),
        category="memory",
    ),
)

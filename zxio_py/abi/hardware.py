"""Access to hardware that no object wraps: I/O ports, SMC, framebuffer, firmware tables, caches."""

from zxio_py.abi.model import Call, Field, Param, Struct

# Options of zx_cache_flush.
ZX_CACHE_FLUSH_INSN = 1
ZX_CACHE_FLUSH_DATA = 2
ZX_CACHE_FLUSH_INVALIDATE = 4

_STRUCTS = (
    Struct(
        "zx_smc_parameters_t",
        64,
        8,
        (
            Field("func_id", 0, 4),
            Field("padding1", 4, 4),
            Field("arg1", 8, 8),
            Field("arg2", 16, 8),
            Field("arg3", 24, 8),
            Field("arg4", 32, 8),
            Field("arg5", 40, 8),
            Field("arg6", 48, 8),
            Field("client_id", 56, 2),
            Field("secure_os_id", 58, 2),
            Field("padding2", 60, 4),
        ),
    ),
    Struct(
        "zx_smc_result_t",
        40,
        8,
        (
            Field("arg0", 0, 8),
            Field("arg1", 8, 8),
            Field("arg2", 16, 8),
            Field("arg3", 24, 8),
            Field("arg6", 32, 8),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_cache_flush",
        "zx_status_t",
        (
            Param("addr", "const void*", count="size"),
            Param("size", "size_t"),
            Param("options", "uint32_t"),
        ),
        attributes=frozenset({"vdsocall"}),
        errors=("INVALID_ARGS",),
        category="memory",
    ),
    Call(
        "zx_framebuffer_get_info",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("format", "uint32_t*", "out"),
            Param("width", "uint32_t*", "out"),
            Param("height", "uint32_t*", "out"),
            Param("stride", "uint32_t*", "out"),
        ),
        rights=("resource: ROOT",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        arch_errors=(("x86_64", ("INVALID_ARGS",)), ("arm64", ("NOT_SUPPORTED",))),
        category="driver-and-platform",
    ),
    Call(
        "zx_framebuffer_set_range",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("vmo", "zx_handle_t", handle="use"),
            Param("len", "uint32_t"),
            Param("format", "uint32_t"),
            Param("width", "uint32_t"),
            Param("height", "uint32_t"),
            Param("stride", "uint32_t"),
        ),
        rights=(
            "resource: ROOT",
            "vmo: none documented",
        ),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="driver-and-platform",
    ),
    Call(
        "zx_ioports_release",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("io_addr", "uint16_t"),
            Param("len", "uint32_t"),
        ),
        rights=("resource: IOPORT covering the range",),
        arch_errors=(
            ("x86_64", ("BAD_HANDLE", "WRONG_TYPE", "OUT_OF_RANGE", "INVALID_ARGS")),
            ("arm64", ("NOT_SUPPORTED",)),
        ),
        category="driver-and-platform",
    ),
    Call(
        "zx_ioports_request",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("io_addr", "uint16_t"),
            Param("len", "uint32_t"),
        ),
        rights=("resource: IOPORT covering the range",),
        arch_errors=(
            ("x86_64", ("BAD_HANDLE", "WRONG_TYPE", "OUT_OF_RANGE", "INVALID_ARGS")),
            ("arm64", ("NOT_SUPPORTED",)),
        ),
        category="driver-and-platform",
    ),
    Call(
        "zx_pc_firmware_tables",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("acpi_rsdp", "zx_paddr_t*", "out"),
            Param("smbios", "zx_paddr_t*", "out"),
        ),
        rights=("handle: resource ROOT",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "INVALID_ARGS"),
        category="driver-and-platform",
    ),
    Call(
        "zx_smc_call",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use", object="resource"),
            Param("parameters", "const zx_smc_parameters_t*"),
            Param("out_smc_result", "zx_smc_result_t*", "out"),
        ),
        rights=("handle: resource SMC",),
        errors=("INVALID_ARGS", "BAD_HANDLE", "WRONG_TYPE", "OUT_OF_RANGE", "NOT_SUPPORTED"),
        category="driver-and-platform",
    ),
)

"""Guests and virtual CPUs."""

from zxio_py.abi.model import Call, Field, Param, Struct

# Flags of zx_info_vcpu_t.
ZX_INFO_VCPU_FLAG_KICKED = 1

# Options of zx_guest_create.
ZX_GUEST_OPT_NORMAL = 0

# Options of zx_guest_set_trap.
ZX_GUEST_TRAP_BELL = 0
ZX_GUEST_TRAP_MEM = 1
ZX_GUEST_TRAP_IO = 2

_STRUCTS = (Struct("zx_info_vcpu_t", 4, 4, (Field("flags", 0, 4),)),)

_CALLS = (
    Call(
        "zx_guest_create",
        "zx_status_t",
        (
            Param("resource", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("guest_handle", "zx_handle_t*", "out", handle="acquire"),
            Param("vmar_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("resource: SYSTEM/HYPERVISOR_BASE",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "OUT_OF_RANGE", "INVALID_ARGS", "NOT_SUPPORTED"),
        category="hypervisor",
    ),
    Call(
        "zx_guest_set_trap",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("kind", "uint32_t"),
            Param("addr", "zx_vaddr_t"),
            Param("size", "size_t"),
            Param("port_handle", "zx_handle_t", handle="use"),
            Param("key", "uint64_t"),
        ),
        rights=(
            "handle: WRITE",
            "port_handle: WRITE (bell traps only)",
        ),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="hypervisor",
    ),
    Call(
        "zx_vcpu_create",
        "zx_status_t",
        (
            Param("guest", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("entry", "zx_vaddr_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("guest: MANAGE_THREAD",),
        errors=("INVALID_ARGS", "BAD_HANDLE", "WRONG_TYPE"),
        category="hypervisor",
    ),
    Call(
        "zx_vcpu_enter",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("packet", "zx_port_packet_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: EXECUTE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="hypervisor",
    ),
    Call(
        "zx_vcpu_interrupt",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("vector", "uint32_t"),
        ),
        rights=("handle: SIGNAL",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="hypervisor",
    ),
    Call(
        "zx_vcpu_kick",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: EXECUTE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="hypervisor",
    ),
    Call(
        "zx_vcpu_read_state",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("kind", "uint32_t"),
            Param("buffer", "void*", "out", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("handle: READ",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="hypervisor",
    ),
    Call(
        "zx_vcpu_write_state",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("kind", "uint32_t"),
            Param("buffer", "const void*", count="buffer_size"),
            Param("buffer_size", "size_t"),
        ),
        rights=("handle: WRITE",),
        errors=("BAD_HANDLE", "WRONG_TYPE"),
        category="hypervisor",
    ),
)

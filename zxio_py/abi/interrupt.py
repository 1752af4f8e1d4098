"""Interrupts."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Param

# Options of zx_interrupt_create.
ZX_INTERRUPT_REMAP_IRQ = 1
ZX_INTERRUPT_MODE_DEFAULT = 0
ZX_INTERRUPT_MODE_EDGE_LOW = 2
ZX_INTERRUPT_MODE_EDGE_HIGH = 4
ZX_INTERRUPT_MODE_LEVEL_LOW = 6
ZX_INTERRUPT_MODE_LEVEL_HIGH = 8
ZX_INTERRUPT_MODE_EDGE_BOTH = 10
ZX_INTERRUPT_MODE_MASK = 14
ZX_INTERRUPT_VIRTUAL = 16

# Options of zx_interrupt_bind.
ZX_INTERRUPT_BIND = 0
ZX_INTERRUPT_UNBIND = 1

# Limits and distinguished values.
ZX_INTERRUPT_MAX_SLOTS = 62
ZX_INTERRUPT_SLOT_USER = 62

_CALLS = (
    Call(
        "zx_interrupt_ack",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: WRITE",),
        errors=(*HANDLE_ERRORS, "BAD_STATE", "CANCELED"),
        category="signals-and-waits",
    ),
    Call(
        "zx_interrupt_bind",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("port_handle", "zx_handle_t", handle="use"),
            Param("key", "uint64_t"),
            Param("options", "uint32_t"),
        ),
        rights=(
            "handle: READ",
            "port_handle: WRITE, and the port must be made with ZX_PORT_BIND_TO_INTERRUPT",
        ),
        errors=(
            "INVALID_ARGS",
            *HANDLE_ERRORS,
            "ALREADY_BOUND",
            "BAD_STATE",
            "CANCELED",
            "NOT_FOUND",
        ),
        category="signals-and-waits",
    ),
    Call(
        "zx_interrupt_create",
        "zx_status_t",
        (
            Param("src_obj", "zx_handle_t", handle="use", object="resource"),
            Param("src_num", "uint32_t"),
            Param("options", "uint32_t"),
            Param("out_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("src_obj: resource IRQ (ignored for ZX_INTERRUPT_VIRTUAL)",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "OUT_OF_RANGE", "INVALID_ARGS"),
        category="signals-and-waits",
    ),
    Call(
        "zx_interrupt_destroy",
        "zx_status_t",
        (Param("handle", "zx_handle_t", handle="use"),),
        rights=("handle: none in the kernel (docs mention WRITE)",),
        errors=("BAD_HANDLE", "WRONG_TYPE", "NOT_FOUND"),
        category="signals-and-waits",
    ),
    Call(
        "zx_interrupt_trigger",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("options", "uint32_t"),
            Param("timestamp", "zx_time_t"),
        ),
        rights=("handle: SIGNAL",),
        errors=("INVALID_ARGS", *HANDLE_ERRORS, "CANCELED"),
        category="signals-and-waits",
    ),
    Call(
        "zx_interrupt_wait",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("out_timestamp", "zx_time_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: WAIT",),
        errors=(*HANDLE_ERRORS, "BAD_STATE", "CANCELED", "INVALID_ARGS"),
        category="signals-and-waits",
    ),
)

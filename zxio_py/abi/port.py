"""Ports: queues of packets."""

from zxio_py.abi.model import HANDLE_ERRORS, Call, Field, Param, Struct

# Options of zx_port_create.
ZX_PORT_BIND_TO_INTERRUPT = 1

# Once more user packets than this wait in a port, the next sender gets a policy exception.
PORT_EPHEMERAL_PACKETS_MAX = 4096
# Once so many waits are armed at a port, the next one is a policy exception.
PORT_OBSERVERS_MAX = 50000

# Packet types.
ZX_PKT_TYPE_USER = 0
ZX_PKT_TYPE_SIGNAL_ONE = 0x1
ZX_PKT_TYPE_GUEST_BELL = 3
ZX_PKT_TYPE_GUEST_MEM = 4
ZX_PKT_TYPE_GUEST_IO = 5
ZX_PKT_TYPE_GUEST_VCPU = 6
ZX_PKT_TYPE_INTERRUPT = 7
ZX_PKT_TYPE_PAGE_REQUEST = 9

_STRUCTS = (
    Struct(
        "zx_port_packet_t",
        48,
        8,
        (
            Field("key", 0, 8),
            Field("type", 8, 4),
            Field("status", 12, 4),
            Field("payload", 16, 32),
        ),
    ),
)

_CALLS = (
    Call(
        "zx_port_cancel",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("source", "zx_handle_t", handle="use"),
            Param("key", "uint64_t"),
        ),
        rights=(
            "handle: WRITE",
            "source: WAIT in the kernel (docs say WRITE)",
        ),
        errors=(*HANDLE_ERRORS, "NOT_SUPPORTED", "NOT_FOUND"),
        unreachable=(("NOT_SUPPORTED", "an object that cannot be waited for has no right WAIT"),),
        category="signals-and-waits",
    ),
    Call(
        "zx_port_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_PORT",),
        errors=("ACCESS_DENIED", "INVALID_ARGS"),
        category="signals-and-waits",
    ),
    Call(
        "zx_port_queue",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("packet", "const zx_port_packet_t*"),
        ),
        rights=("handle: WRITE",),
        errors=(*HANDLE_ERRORS, "INVALID_ARGS", "SHOULD_WAIT"),
        category="signals-and-waits",
    ),
    Call(
        "zx_port_wait",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="use"),
            Param("deadline", "zx_time_t"),
            Param("packet", "zx_port_packet_t*", "out"),
        ),
        attributes=frozenset({"blocking"}),
        rights=("handle: READ",),
        errors=(*HANDLE_ERRORS, "TIMED_OUT", "CANCELED", "INVALID_ARGS"),
        unreachable=(
            ("CANCELED", "documented only: a wait goes on when the port's handle is closed"),
        ),
        category="signals-and-waits",
    ),
)

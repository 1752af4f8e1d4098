"""Event pairs: two events that know of each other."""

from zxio_py.abi.model import Call, Param

# Signals.
ZX_EVENTPAIR_SIGNALED = 0x8
ZX_EVENTPAIR_PEER_CLOSED = 4
ZX_EVENTPAIR_SIGNAL_MASK = 0xFF00000C

_CALLS = (
    Call(
        "zx_eventpair_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("out0", "zx_handle_t*", "out", handle="acquire"),
            Param("out1", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_EVENTPAIR",),
        errors=("NOT_SUPPORTED", "ACCESS_DENIED", "INVALID_ARGS"),
        category="signals-and-waits",
    ),
)

"""Events: objects that only carry signals."""

from zxio_py.abi.model import Call, Param

# Signals.
ZX_EVENT_SIGNALED = 0x8
ZX_EVENT_SIGNAL_MASK = 0xFF000008

_CALLS = (
    Call(
        "zx_event_create",
        "zx_status_t",
        (
            Param("options", "uint32_t"),
            Param("out", "zx_handle_t*", "out", handle="acquire"),
        ),
        rights=("policy NEW_EVENT",),
        errors=("INVALID_ARGS", "ACCESS_DENIED"),
        category="signals-and-waits",
    ),
)

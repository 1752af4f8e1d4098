"""I/O buffers (after the 2022 cut; constants only)."""

from zxio_py.abi.model import Field, Struct

# Signals.
ZX_IOB_PEER_CLOSED = 4

# Iob access.
ZX_IOB_ACCESS_EP0_CAN_MAP_READ = 1
ZX_IOB_ACCESS_EP0_CAN_MAP_WRITE = 2
ZX_IOB_ACCESS_EP0_CAN_MEDIATED_READ = 4
ZX_IOB_ACCESS_EP0_CAN_MEDIATED_WRITE = 8
ZX_IOB_ACCESS_EP1_CAN_MAP_READ = 16
ZX_IOB_ACCESS_EP1_CAN_MAP_WRITE = 32
ZX_IOB_ACCESS_EP1_CAN_MEDIATED_READ = 64
ZX_IOB_ACCESS_EP1_CAN_MEDIATED_WRITE = 128

# Limits and distinguished values.
ZX_IOB_MAX_REGIONS = 64

_STRUCTS = (
    Struct(
        "zx_iob_discipline_t",
        72,
        8,
        (
            Field("type", 0, 8),
            Field("reserved", 8, 64),
        ),
    ),
    Struct(
        "zx_iob_region_t",
        120,
        8,
        (
            Field("type", 0, 4),
            Field("access", 4, 4),
            Field("size", 8, 8),
            Field("discipline", 16, 72),
            Field("private_region_or_padding", 88, 32),
        ),
    ),
)

"""zx_msi_*: devices of this machine cannot signal interrupts by messages."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError


def zx_msi_allocate(c: Caller, handle: int, count: int, out_allocation: Pointer) -> int:
    """Reserve interrupts for a device."""
    c.check_resource(handle, abi.ZX_RSRC_KIND_ROOT)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def zx_msi_create(
    c: Caller,
    handle: int,
    options: int,
    msi_id: int,
    vmo: int,
    vmo_offset: int,
    out_interrupt: Pointer,
) -> int:
    """Make one of those reserved: there are none."""
    raise c.refuse(handle)

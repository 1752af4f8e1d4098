"""zx_guest_*, zx_vcpu_*: the machine runs no guests, so no handle is to one."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError


def zx_guest_create(
    c: Caller, resource: int, options: int, guest_handle: Pointer, vmar_handle: Pointer
) -> int:
    """Make a guest: no processor here can run one."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_HYPERVISOR_BASE)
    if options != abi.ZX_GUEST_OPT_NORMAL:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def zx_guest_set_trap(
    c: Caller, handle: int, kind: int, addr: int, size: int, port_handle: int, key: int
) -> int:
    """Let a packet come when a guest touches an address."""
    raise c.refuse(handle)


def zx_vcpu_create(c: Caller, guest: int, options: int, entry: int, out: Pointer) -> int:
    """Make a processor of a guest."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    raise c.refuse(guest)


def zx_vcpu_enter(c: Caller, handle: int, packet: Pointer) -> int:
    """Run a guest until it wants something."""
    raise c.refuse(handle)


def zx_vcpu_kick(c: Caller, handle: int) -> int:
    """Let whoever runs a guest come back."""
    raise c.refuse(handle)


def zx_vcpu_interrupt(c: Caller, handle: int, vector: int) -> int:
    """Raise an interrupt in a guest."""
    raise c.refuse(handle)


def zx_vcpu_read_state(c: Caller, handle: int, kind: int, buffer: Pointer, buffer_size: int) -> int:
    """The registers of a guest."""
    raise c.refuse(handle)


def zx_vcpu_write_state(
    c: Caller, handle: int, kind: int, buffer: Pointer, buffer_size: int
) -> int:
    """Change registers of a guest, or answer what it asked a port for."""
    raise c.refuse(handle)

"""zx_interrupt_*."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.interrupt import Interrupt
from zxio_py.kernel.port import Port


def zx_interrupt_create(
    c: Caller, src_obj: int, src_num: int, options: int, out_handle: Pointer
) -> int:
    """Make an interrupt that programs trigger; the machine has no line to give away."""
    if not options & abi.ZX_INTERRUPT_VIRTUAL:
        c.check_resource(src_obj, abi.ZX_RSRC_KIND_IRQ, src_num)
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if options != abi.ZX_INTERRUPT_VIRTUAL:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.give((out_handle, Interrupt(c.kernel)))
    return abi.ZX_OK


def zx_interrupt_bind(c: Caller, handle: int, port_handle: int, key: int, options: int) -> int:
    """Let an interrupt send packets to a port, or no longer."""
    if options not in (abi.ZX_INTERRUPT_BIND, abi.ZX_INTERRUPT_UNBIND):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    interrupt = c.get(handle, Interrupt, abi.ZX_RIGHT_READ)
    port = c.get(port_handle, Port, abi.ZX_RIGHT_WRITE)
    if not port.takes_interrupts():
        raise ZxError(abi.ZX_ERR_WRONG_TYPE)
    if options == abi.ZX_INTERRUPT_BIND:
        interrupt.bind(port, key)  # CANCELED, BAD_STATE, ALREADY_BOUND
    else:
        interrupt.unbind(port)  # NOT_FOUND, CANCELED
    return abi.ZX_OK


def zx_interrupt_wait(c: Caller, handle: int, out_timestamp: Pointer) -> int:
    """Wait until an interrupt is triggered."""
    interrupt = c.get(handle, Interrupt, abi.ZX_RIGHT_WAIT)
    timestamp = interrupt.wait(c.thread)  # BAD_STATE, CANCELED
    if out_timestamp != 0:
        c.write_u64(out_timestamp, timestamp & (1 << 64) - 1)
    return abi.ZX_OK


def zx_interrupt_ack(c: Caller, handle: int) -> int:
    """Acknowledge the packet of an interrupt: the next one may come."""
    c.get(handle, Interrupt, abi.ZX_RIGHT_WRITE).ack()  # BAD_STATE, CANCELED
    return abi.ZX_OK


def zx_interrupt_destroy(c: Caller, handle: int) -> int:
    """End an interrupt, whatever handles there are to it."""
    if not c.get(handle, Interrupt, abi.ZX_RIGHT_NONE).destroy():
        raise ZxError(abi.ZX_ERR_NOT_FOUND)
    return abi.ZX_OK


def zx_interrupt_trigger(c: Caller, handle: int, options: int, timestamp: int) -> int:
    """Let an interrupt happen."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.get(handle, Interrupt, abi.ZX_RIGHT_SIGNAL).trigger(timestamp)  # CANCELED
    return abi.ZX_OK

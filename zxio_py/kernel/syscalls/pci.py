"""zx_pci_*: the machine has no PCI bus, so no handle is to a device on one."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError

#: What is read where no device answers.
_NOBODY = 0xFFFF_FFFF


def zx_pci_add_subtract_io_range(
    c: Caller, handle: int, mmio: int, base: int, len: int, add: int
) -> int:
    """Say what addresses the bus may use."""
    c.check_resource(handle, abi.ZX_RSRC_KIND_ROOT)
    raise ZxError(abi.ZX_ERR_BAD_STATE)


def zx_pci_init(c: Caller, handle: int, init_buf: Pointer, len: int) -> int:
    """Describe the bus and start its driver."""
    c.check_resource(handle, abi.ZX_RSRC_KIND_ROOT)
    if not abi.STRUCTS["zx_pci_init_arg_t"].size <= len <= abi.ZX_PCI_INIT_ARG_MAX_SIZE:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    raise ZxError(abi.ZX_ERR_BAD_STATE)


def zx_pci_get_nth_device(
    c: Caller, handle: int, index: int, out_info: Pointer, out_handle: Pointer
) -> int:
    """Find a device by number."""
    c.check_resource(handle, abi.ZX_RSRC_KIND_ROOT)
    if out_info == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    raise ZxError(abi.ZX_ERR_BAD_STATE)


def zx_pci_config_read(c: Caller, handle: int, offset: int, width: int, out_val: Pointer) -> int:
    """Read a device's configuration."""
    raise c.refuse(handle)


def zx_pci_config_write(c: Caller, handle: int, offset: int, width: int, val: int) -> int:
    """Change a device's configuration."""
    raise c.refuse(handle)


def zx_pci_cfg_pio_rw(
    c: Caller,
    handle: int,
    bus: int,
    dev: int,
    func: int,
    offset: int,
    val: Pointer,
    width: int,
    write: int,
) -> int:
    """Read or write configuration by the ports of x86; nobody answers."""
    c.check_resource(handle, abi.ZX_RSRC_KIND_ROOT)
    if write:
        c.read(val, 4)
    if offset % 4 * 8 + width > 32:  # bits, within one register
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if not write:
        c.write_u32(val, _NOBODY & (1 << width) - 1)
    return abi.ZX_OK


def zx_pci_enable_bus_master(c: Caller, handle: int, enable: int) -> int:
    """Let a device use memory, or not."""
    raise c.refuse(handle)


def zx_pci_reset_device(c: Caller, handle: int) -> int:
    """Put a device into its first state."""
    raise c.refuse(handle)


def zx_pci_get_bar(
    c: Caller, handle: int, bar_num: int, out_bar: Pointer, out_handle: Pointer
) -> int:
    """Where a device has its registers."""
    if handle == abi.ZX_HANDLE_INVALID or out_bar == 0 or bar_num >= abi.ZX_PCI_MAX_BAR_REGS:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    raise c.refuse(handle)


def zx_pci_map_interrupt(c: Caller, handle: int, which_irq: int, out_handle: Pointer) -> int:
    """An interrupt of a device."""
    raise c.refuse(handle)


def zx_pci_query_irq_mode(c: Caller, handle: int, mode: int, out_max_irqs: Pointer) -> int:
    """How many interrupts of a kind a device has."""
    raise c.refuse(handle)


def zx_pci_set_irq_mode(c: Caller, handle: int, mode: int, requested_irq_count: int) -> int:
    """Choose the kind of interrupts a device uses."""
    raise c.refuse(handle)

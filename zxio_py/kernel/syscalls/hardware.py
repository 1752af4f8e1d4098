"""zx_framebuffer_*, zx_ioports_*, zx_pc_firmware_tables, zx_smc_call.

The emulated machine is a PC without a display, tables of its firmware, or a monitor beneath its
kernel.
"""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.vmo import Vmo, VmObject

_PORT_COUNT = 0x10000


def zx_framebuffer_get_info(
    c: Caller, resource: int, format: Pointer, width: Pointer, height: Pointer, stride: Pointer
) -> int:
    """What the loader has set up as a display."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_ROOT)
    raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def zx_framebuffer_set_range(
    c: Caller,
    resource: int,
    vmo: int,
    len: int,
    format: int,
    width: int,
    height: int,
    stride: int,
) -> int:
    """Let the display show a VMO, or nothing."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_ROOT)
    if vmo == abi.ZX_HANDLE_INVALID:
        _show(c, None)
        return abi.ZX_OK
    memory = c.get(vmo, Vmo, abi.ZX_RIGHT_NONE).memory
    _show(c, None)
    if memory.size == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if not memory.store.is_device:
        memory.commit(0, memory.size)
    _show(c, memory)
    return abi.ZX_OK


def _show(c: Caller, memory: VmObject | None) -> None:
    """Keep a VMO instead of the one before."""
    old, c.kernel.framebuffer = c.kernel.framebuffer, memory
    if old is not None:
        old.maybe_end()


def _check_ports(c: Caller, resource: int, io_addr: int, len: int) -> None:
    """Whether the ports are there and the resource gives them: all that counts here."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_IOPORT, io_addr, len)
    if io_addr + len > _PORT_COUNT:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def zx_ioports_release(c: Caller, resource: int, io_addr: int, len: int) -> int:
    """Give ports back."""
    _check_ports(c, resource, io_addr, len)
    return abi.ZX_OK


def zx_ioports_request(c: Caller, resource: int, io_addr: int, len: int) -> int:
    """Let the process use ports; no program of the emulation runs instructions that do."""
    _check_ports(c, resource, io_addr, len)
    return abi.ZX_OK


def zx_pc_firmware_tables(c: Caller, handle: int, acpi_rsdp: Pointer, smbios: Pointer) -> int:
    """Where the firmware's tables lie: nowhere."""
    c.check_resource(handle, abi.ZX_RSRC_KIND_ROOT)
    c.write_u64(acpi_rsdp, 0)
    c.write_u64(smbios, 0)
    return abi.ZX_OK


def zx_smc_call(c: Caller, handle: int, parameters: Pointer, out_smc_result: Pointer) -> int:
    """Call the monitor beneath the kernel."""
    if parameters == 0 or out_smc_result == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    wanted = c.read(parameters, abi.STRUCTS["zx_smc_parameters_t"].size)
    service = int.from_bytes(wanted[:4], "little") >> 24 & 0x3F
    c.check_resource(handle, abi.ZX_RSRC_KIND_SMC, service)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)

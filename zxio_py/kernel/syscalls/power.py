"""zx_system_{get,set}_performance_info, zx_system_mexec*, zx_system_powerctl."""

import struct

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.vmo import Vmo

_CPU_COUNT = 1
_PERFORMANCE = struct.Struct("<III")
_DEFAULT_PERFORMANCE = (0, 1, 0)

#: The header of a container without boot items, and how a header says that nothing is checked.
_EMPTY_CONTAINER = struct.pack(
    "<IIIIQII", 0x544F4F42, 0, 0x868CF7E6, 0x10000, 0, 0xB5781729, 0x4A87E8D6
)

_REBOOTS = (
    abi.ZX_SYSTEM_POWERCTL_REBOOT,
    abi.ZX_SYSTEM_POWERCTL_REBOOT_BOOTLOADER,
    abi.ZX_SYSTEM_POWERCTL_REBOOT_RECOVERY,
)


def zx_system_get_performance_info(
    c: Caller, resource: int, topic: int, count: int, info: Pointer, output_count: Pointer
) -> int:
    """How fast each processor runs, or would by itself."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_CPU_BASE)
    if count != _CPU_COUNT:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    told = _DEFAULT_PERFORMANCE
    if topic == abi.ZX_CPU_PERF_SCALE:
        told = c.kernel.performance
    elif topic != abi.ZX_CPU_DEFAULT_PERF_SCALE:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    c.write(info, _PERFORMANCE.pack(*told))
    c.write_u64(output_count, _CPU_COUNT)
    return abi.ZX_OK


def zx_system_set_performance_info(
    c: Caller, resource: int, topic: int, info: Pointer, count: int
) -> int:
    """Tell the scheduler how fast a processor runs."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_CPU_BASE)
    if topic != abi.ZX_CPU_PERF_SCALE:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if count == 0 or count > _CPU_COUNT:
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    cpu, integral, fractional = _PERFORMANCE.unpack(c.read(info, _PERFORMANCE.size))
    if cpu >= _CPU_COUNT or not (integral or fractional):
        raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
    c.kernel.performance = (cpu, integral, fractional)
    return abi.ZX_OK


def zx_system_mexec(c: Caller, resource: int, kernel_vmo: int, bootimage_vmo: int) -> int:
    """Start another kernel, which there is no machine for."""
    if not c.kernel.debugging_calls:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    c.check_resource(resource, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_MEXEC_BASE)
    c.get(kernel_vmo, Vmo, abi.ZX_RIGHT_READ)
    c.get(bootimage_vmo, Vmo, abi.ZX_RIGHT_READ)
    raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def zx_system_mexec_payload_get(c: Caller, resource: int, buffer: Pointer, buffer_size: int) -> int:
    """What another kernel must be told of the machine, as boot items: nothing."""
    if not c.kernel.debugging_calls:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    c.check_resource(resource, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_MEXEC_BASE)
    if buffer_size > abi.ZX_SYSTEM_MEXEC_PAYLOAD_MAX:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if buffer_size < len(_EMPTY_CONTAINER):
        raise ZxError(abi.ZX_ERR_INTERNAL)
    c.write(buffer, _EMPTY_CONTAINER)
    return abi.ZX_OK


def zx_system_powerctl(c: Caller, resource: int, cmd: int, arg: Pointer) -> int:
    """Processors, sleep, restart and end of the machine, as far as an emulated one has them."""
    c.check_resource(resource, abi.ZX_RSRC_KIND_SYSTEM, abi.ZX_RSRC_SYSTEM_POWER_BASE)
    if cmd in (
        abi.ZX_SYSTEM_POWERCTL_ENABLE_ALL_CPUS,
        abi.ZX_SYSTEM_POWERCTL_DISABLE_ALL_CPUS_BUT_PRIMARY,
    ):
        return abi.ZX_OK  # there is only that one
    if cmd in (
        abi.ZX_SYSTEM_POWERCTL_ACPI_TRANSITION_S_STATE,
        abi.ZX_SYSTEM_POWERCTL_X86_SET_PKG_PL1,
    ):
        c.read(arg, abi.STRUCTS["zx_system_powerctl_arg_t"].size)
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if cmd in _REBOOTS or cmd == abi.ZX_SYSTEM_POWERCTL_SHUTDOWN:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    if cmd == abi.ZX_SYSTEM_POWERCTL_ACK_KERNEL_INITIATED_REBOOT:
        raise ZxError(abi.ZX_ERR_BAD_STATE)  # the kernel never asks for one
    raise ZxError(abi.ZX_ERR_INVALID_ARGS)

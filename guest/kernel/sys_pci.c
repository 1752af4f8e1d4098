// zx_pci_*.  The kernel drives no PCI bus, so there are no devices and no handles to any; only the
// registers that x86 reaches by ports are there for the asking.
#include "handle.h"
#include "resource.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_pci_add_subtract_io_range(zx_handle_t resource, uint32_t mmio, uint64_t base,
                                          uint64_t size, uint32_t add) {
    (void)mmio;
    (void)base;
    (void)size;
    (void)add;
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    return status == ZX_OK ? ZX_ERR_BAD_STATE : status;
}

zx_status_t sys_pci_init(zx_handle_t resource, uaddr_t buffer, uint32_t size) {
    (void)buffer;
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status != ZX_OK) {
        return status;
    }
    if (size < sizeof(zx_pci_init_arg_t) || size > ZX_PCI_INIT_ARG_MAX_SIZE) {
        return ZX_ERR_INVALID_ARGS;
    }
    return ZX_ERR_BAD_STATE;
}

zx_status_t sys_pci_get_nth_device(zx_handle_t resource, uint32_t index, uaddr_t out_info,
                                   uaddr_t out) {
    (void)index;
    (void)out;
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status != ZX_OK) {
        return status;
    }
    return out_info == 0 ? ZX_ERR_INVALID_ARGS : ZX_ERR_BAD_STATE;
}

zx_status_t sys_pci_config_read(zx_handle_t handle, uint16_t offset, size_t width, uaddr_t out) {
    (void)offset;
    (void)width;
    (void)out;
    return handle_refuse(handle);
}

zx_status_t sys_pci_config_write(zx_handle_t handle, uint16_t offset, size_t width,
                                 uint32_t value) {
    (void)offset;
    (void)width;
    (void)value;
    return handle_refuse(handle);
}

zx_status_t sys_pci_cfg_pio_rw(zx_handle_t resource, uint8_t bus, uint8_t device, uint8_t function,
                               uint8_t offset, uaddr_t user_value, size_t width, uint32_t write) {
    if (!ARCH_IS_PC) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status != ZX_OK) {
        return status;
    }
    uint32_t value = 0;
    if (write) {
        status = copy_from_user(&value, user_value, sizeof(value));
        if (status != ZX_OK) {
            return status;
        }
    }
    uint32_t shift = offset % sizeof(value) * 8;
    if (width > 32 - shift) { // bits, within one register
        return ZX_ERR_INVALID_ARGS;
    }
    uint32_t mask = (uint32_t)((1ull << width) - 1);
    uint32_t address = (uint32_t)bus << 16 | (device & 0x1fu) << 11 | (function & 7u) << 8 |
                       (offset - offset % sizeof(value));
    uint32_t old = arch_pci_read(address);
    if (!write) {
        return store_u32(user_value, old >> shift & mask);
    }
    arch_pci_write(address, (old & ~(mask << shift)) | (value & mask) << shift);
    return ZX_OK;
}

zx_status_t sys_pci_enable_bus_master(zx_handle_t handle, uint32_t enable) {
    (void)enable;
    return handle_refuse(handle);
}

zx_status_t sys_pci_reset_device(zx_handle_t handle) {
    return handle_refuse(handle);
}

zx_status_t sys_pci_get_bar(zx_handle_t handle, uint32_t number, uaddr_t out_bar, uaddr_t out) {
    (void)out;
    if (handle == ZX_HANDLE_INVALID || out_bar == 0 || number >= ZX_PCI_MAX_BAR_REGS) {
        return ZX_ERR_INVALID_ARGS;
    }
    return handle_refuse(handle);
}

zx_status_t sys_pci_map_interrupt(zx_handle_t handle, int32_t which, uaddr_t out) {
    (void)which;
    (void)out;
    return handle_refuse(handle);
}

zx_status_t sys_pci_query_irq_mode(zx_handle_t handle, uint32_t mode, uaddr_t out) {
    (void)mode;
    (void)out;
    return handle_refuse(handle);
}

zx_status_t sys_pci_set_irq_mode(zx_handle_t handle, uint32_t mode, uint32_t count) {
    (void)mode;
    (void)count;
    return handle_refuse(handle);
}

// zx_framebuffer_*, zx_ioports_*, zx_pc_firmware_tables, zx_smc_call.
#include "arch.h"
#include "framebuffer.h"
#include "process.h"
#include "resource.h"
#include "usercopy.h"
#include "vmo.h"
#include "zx/kernel_calls.h"

#define SERVICE_SHIFT 24 // of a function's number: whose it is
#define SERVICE_MASK 0x3f

// No loader of this kernel sets up a display.
zx_status_t sys_framebuffer_get_info(zx_handle_t resource, uaddr_t format, uaddr_t width,
                                     uaddr_t height, uaddr_t stride) {
    (void)format;
    (void)width;
    (void)height;
    (void)stride;
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status != ZX_OK) {
        return status;
    }
    return ARCH_IS_PC ? ZX_ERR_INVALID_ARGS : ZX_ERR_NOT_SUPPORTED;
}

zx_status_t sys_framebuffer_set_range(zx_handle_t resource, zx_handle_t vmo, uint32_t len,
                                      uint32_t format, uint32_t width, uint32_t height,
                                      uint32_t stride) {
    (void)len;
    (void)format;
    (void)width;
    (void)height;
    (void)stride;
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status != ZX_OK) {
        return status;
    }
    if (vmo == ZX_HANDLE_INVALID) {
        framebuffer_clear();
        return ZX_OK;
    }
    struct dispatcher* object;
    status = handle_get_object(vmo, ZX_OBJ_TYPE_VMO, ZX_RIGHT_NONE, &object, NULL);
    return status == ZX_OK ? framebuffer_set(vmo_from_dispatcher(object)) : status;
}

static zx_status_t set_ports(zx_handle_t resource, uint16_t io_addr, uint32_t len, bool allowed) {
    if (!ARCH_IS_PC) {
        return ZX_ERR_NOT_SUPPORTED; // there are no ports
    }
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_IOPORT, io_addr, len);
    if (status != ZX_OK) {
        return status;
    }
    if (len > IO_PORT_COUNT - io_addr) {
        return ZX_ERR_INVALID_ARGS;
    }
    return io_ports_set(process_current(), io_addr, len, allowed);
}

zx_status_t sys_ioports_release(zx_handle_t resource, uint16_t io_addr, uint32_t len) {
    return set_ports(resource, io_addr, len, false);
}

zx_status_t sys_ioports_request(zx_handle_t resource, uint16_t io_addr, uint32_t len) {
    return set_ports(resource, io_addr, len, true);
}

zx_status_t sys_pc_firmware_tables(zx_handle_t handle, uaddr_t acpi_rsdp, uaddr_t smbios) {
    zx_status_t status = resource_check(handle, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status == ZX_OK) {
        status = store_u64(acpi_rsdp, arch_find_acpi());
    }
    return status == ZX_OK ? store_u64(smbios, arch_find_smbios()) : status;
}

// Nobody answers: there is no monitor beneath the kernel.
zx_status_t sys_smc_call(zx_handle_t handle, uaddr_t parameters, uaddr_t out_smc_result) {
    if (parameters == 0 || out_smc_result == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_smc_parameters_t wanted;
    zx_status_t status = copy_from_user(&wanted, parameters, sizeof(wanted));
    if (status == ZX_OK) {
        uint32_t service = wanted.func_id >> SERVICE_SHIFT & SERVICE_MASK;
        status = resource_check(handle, ZX_RSRC_KIND_SMC, service, 1);
    }
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

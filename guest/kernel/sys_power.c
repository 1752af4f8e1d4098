// zx_system_get_performance_info, zx_system_set_performance_info, zx_system_mexec,
// zx_system_mexec_payload_get, zx_system_powerctl.
#include "boot.h"
#include "boot_container.h"
#include "handle.h"
#include "resource.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

#define CPU_COUNT 1

// How fast the processor runs: 1 is its full rate.  There is nobody whom the scheduler could give
// other work because of it.
static zx_cpu_performance_info_t performance = {.performance_scale_integral_part = 1};

zx_status_t sys_system_get_performance_info(zx_handle_t resource, uint32_t topic, size_t count,
                                            uaddr_t info, uaddr_t output_count) {
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_CPU_BASE, 1);
    if (status != ZX_OK) {
        return status;
    }
    if (count != CPU_COUNT) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    zx_cpu_performance_info_t told = {.performance_scale_integral_part = 1};
    if (topic == ZX_CPU_PERF_SCALE) {
        told = performance;
    } else if (topic != ZX_CPU_DEFAULT_PERF_SCALE) {
        return ZX_ERR_INVALID_ARGS;
    }
    status = copy_to_user(info, &told, sizeof(told));
    return status == ZX_OK ? store_u64(output_count, CPU_COUNT) : status;
}

zx_status_t sys_system_set_performance_info(zx_handle_t resource, uint32_t topic, uaddr_t info,
                                            size_t count) {
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_CPU_BASE, 1);
    if (status != ZX_OK) {
        return status;
    }
    if (topic != ZX_CPU_PERF_SCALE) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (count == 0 || count > CPU_COUNT) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    zx_cpu_performance_info_t wanted;
    status = copy_from_user(&wanted, info, sizeof(wanted));
    if (status != ZX_OK) {
        return status;
    }
    if (wanted.logical_cpu_number >= CPU_COUNT || (wanted.performance_scale_integral_part == 0 &&
                                                   wanted.performance_scale_fractional_part == 0)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    performance = wanted;
    return ZX_OK;
}

static zx_status_t check_readable_vmo(zx_handle_t handle) {
    struct dispatcher* vmo;
    return handle_get_object(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_READ, &vmo, NULL);
}

// This kernel does not start others.
zx_status_t sys_system_mexec(zx_handle_t resource, zx_handle_t kernel_vmo,
                             zx_handle_t bootimage_vmo) {
    if (!debugging_calls_enabled()) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    zx_status_t status =
        resource_check(resource, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_MEXEC_BASE, 1);
    if (status == ZX_OK) {
        status = check_readable_vmo(kernel_vmo);
    }
    if (status == ZX_OK) {
        status = check_readable_vmo(bootimage_vmo);
    }
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

// What the next kernel must be told of the machine, as boot items: nothing that it does not find
// out by itself, as this one has.
zx_status_t sys_system_mexec_payload_get(zx_handle_t resource, uaddr_t buffer, size_t buffer_size) {
    if (!debugging_calls_enabled()) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    zx_status_t status =
        resource_check(resource, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_MEXEC_BASE, 1);
    if (status != ZX_OK) {
        return status;
    }
    if (buffer_size > ZX_SYSTEM_MEXEC_PAYLOAD_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (buffer_size < sizeof(boot_container_empty)) {
        return ZX_ERR_INTERNAL;
    }
    return copy_to_user(buffer, boot_container_empty, sizeof(boot_container_empty));
}

// Sleep states and power limits, commands that PCs have; QEMU's have neither.
static zx_status_t pc_power(uaddr_t arg) {
    if (!ARCH_IS_PC) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_system_powerctl_arg_t ignored;
    zx_status_t status = copy_from_user(&ignored, arg, sizeof(ignored));
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

zx_status_t sys_system_powerctl(zx_handle_t resource, uint32_t cmd, uaddr_t arg) {
    zx_status_t status =
        resource_check(resource, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_POWER_BASE, 1);
    if (status != ZX_OK) {
        return status;
    }
    switch (cmd) {
    case ZX_SYSTEM_POWERCTL_ENABLE_ALL_CPUS:
    case ZX_SYSTEM_POWERCTL_DISABLE_ALL_CPUS_BUT_PRIMARY:
        return ZX_OK; // there is only that one
    case ZX_SYSTEM_POWERCTL_ACPI_TRANSITION_S_STATE:
    case ZX_SYSTEM_POWERCTL_X86_SET_PKG_PL1:
        return pc_power(arg);
    case ZX_SYSTEM_POWERCTL_REBOOT:
    case ZX_SYSTEM_POWERCTL_REBOOT_BOOTLOADER:
    case ZX_SYSTEM_POWERCTL_REBOOT_RECOVERY:
        arch_reboot();
    case ZX_SYSTEM_POWERCTL_SHUTDOWN:
        arch_power_off();
        return ZX_ERR_NOT_SUPPORTED;
    case ZX_SYSTEM_POWERCTL_ACK_KERNEL_INITIATED_REBOOT:
        return ZX_ERR_BAD_STATE; // this kernel never asks for one
    default:
        return ZX_ERR_INVALID_ARGS;
    }
}

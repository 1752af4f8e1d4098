// zx_guest_*, zx_vcpu_*.  The kernel is no hypervisor: no guest is ever made, so no handle is to
// one.
#include "handle.h"
#include "resource.h"
#include "zx/kernel_calls.h"

zx_status_t sys_guest_create(zx_handle_t resource, uint32_t options, uaddr_t out_guest,
                             uaddr_t out_vmar) {
    (void)out_guest;
    (void)out_vmar;
    zx_status_t status =
        resource_check(resource, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_HYPERVISOR_BASE, 1);
    if (status != ZX_OK) {
        return status;
    }
    return options == ZX_GUEST_OPT_NORMAL ? ZX_ERR_NOT_SUPPORTED : ZX_ERR_INVALID_ARGS;
}

zx_status_t sys_guest_set_trap(zx_handle_t handle, uint32_t kind, zx_vaddr_t address, size_t size,
                               zx_handle_t port, uint64_t key) {
    (void)kind;
    (void)address;
    (void)size;
    (void)port;
    (void)key;
    return handle_refuse(handle);
}

zx_status_t sys_vcpu_create(zx_handle_t guest, uint32_t options, zx_vaddr_t entry, uaddr_t out) {
    (void)entry;
    (void)out;
    return options == 0 ? handle_refuse(guest) : ZX_ERR_INVALID_ARGS;
}

zx_status_t sys_vcpu_enter(zx_handle_t handle, uaddr_t packet) {
    (void)packet;
    return handle_refuse(handle);
}

zx_status_t sys_vcpu_kick(zx_handle_t handle) {
    return handle_refuse(handle);
}

zx_status_t sys_vcpu_interrupt(zx_handle_t handle, uint32_t vector) {
    (void)vector;
    return handle_refuse(handle);
}

zx_status_t sys_vcpu_read_state(zx_handle_t handle, uint32_t kind, uaddr_t buffer,
                                size_t buffer_size) {
    (void)kind;
    (void)buffer;
    (void)buffer_size;
    return handle_refuse(handle);
}

zx_status_t sys_vcpu_write_state(zx_handle_t handle, uint32_t kind, uaddr_t buffer,
                                 size_t buffer_size) {
    (void)kind;
    (void)buffer;
    (void)buffer_size;
    return handle_refuse(handle);
}

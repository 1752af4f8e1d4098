// zx_msi_*.  The kernel knows of no way for devices to signal interrupts by messages.
#include "handle.h"
#include "resource.h"
#include "zx/kernel_calls.h"

zx_status_t sys_msi_allocate(zx_handle_t root, uint32_t count, uaddr_t out) {
    (void)count;
    (void)out;
    zx_status_t status = resource_check(root, ZX_RSRC_KIND_ROOT, 0, 0);
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

// So there is no allocation to make one from.
zx_status_t sys_msi_create(zx_handle_t handle, uint32_t options, uint32_t msi_id, zx_handle_t vmo,
                           size_t vmo_offset, uaddr_t out) {
    (void)options;
    (void)msi_id;
    (void)vmo;
    (void)vmo_offset;
    (void)out;
    return handle_refuse(handle);
}

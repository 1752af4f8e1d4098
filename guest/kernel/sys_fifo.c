// zx_fifo_*.
#include "fifo.h"
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

// The options are not looked at.
zx_status_t sys_fifo_create(size_t elem_count, size_t elem_size, uint32_t options, uaddr_t out0,
                            uaddr_t out1) {
    (void)options;
    zx_status_t status = policy_enforce(ZX_POL_NEW_FIFO);
    if (status != ZX_OK) {
        return status;
    }
    struct fifo *a, *b;
    status = fifo_create(elem_count, elem_size, &a, &b);
    if (status != ZX_OK) {
        return status;
    }
    status = handle_make_and_store_pair(fifo_dispatcher(a), fifo_dispatcher(b),
                                        ZX_DEFAULT_FIFO_RIGHTS, out0, out1);
    dispatcher_unref(fifo_dispatcher(a));
    dispatcher_unref(fifo_dispatcher(b));
    return status;
}

zx_status_t sys_fifo_write(zx_handle_t handle, size_t elem_size, uaddr_t data, size_t count,
                           uaddr_t actual_count) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_FIFO, ZX_RIGHT_WRITE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    size_t actual;
    status = fifo_write(fifo_from_dispatcher(object), elem_size, data, count, &actual);
    return status == ZX_OK ? store_optional_u64(actual_count, actual) : status;
}

zx_status_t sys_fifo_read(zx_handle_t handle, size_t elem_size, uaddr_t data, size_t count,
                          uaddr_t actual_count) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_FIFO, ZX_RIGHT_READ, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    size_t actual;
    status = fifo_read(fifo_from_dispatcher(object), elem_size, data, count, &actual);
    return status == ZX_OK ? store_optional_u64(actual_count, actual) : status;
}

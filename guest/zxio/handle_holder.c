// An object around a kernel handle of a type zxio does not know: it can be released or closed.

#include "private.h"
#include "zx/syscalls.h"

struct handle_holder {
    zxio_t io;
    zx_handle_t handle; // zero once released
};

_Static_assert(sizeof(struct handle_holder) <= sizeof(zxio_storage_t), "does not fit");

static zx_status_t handle_holder_close(zxio_t* io) {
    struct handle_holder* holder = (struct handle_holder*)io;
    zx_handle_close(holder->handle);
    return ZX_OK;
}

// Hands the handle out once.
static zx_status_t handle_holder_release(zxio_t* io, zx_handle_t* out_handle) {
    struct handle_holder* holder = (struct handle_holder*)io;
    zx_handle_t handle = zxio_take_handle(&holder->handle);
    if (handle == ZX_HANDLE_INVALID) {
        return ZX_ERR_BAD_HANDLE;
    }
    *out_handle = handle;
    return ZX_OK;
}

static const zxio_ops_t handle_holder_ops = {
    .close = handle_holder_close,
    .release = handle_holder_release,
};

void zxio_handle_holder_init(zxio_storage_t* storage, zx_handle_t handle) {
    struct handle_holder* holder = (struct handle_holder*)storage;
    zxio_init(&holder->io, &handle_holder_ops);
    holder->handle = handle;
}

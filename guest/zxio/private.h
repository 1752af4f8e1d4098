// What the files of the library know of each other: one constructor per object type.

#pragma once

#include "ops.h"

// Values of out_code: errno as the callers define it.
#define ZXIO_ENOTTY 25
#define ZXIO_ENOTSOCK 88

extern const zxio_ops_t zxio_default_ops;

// Takes the handle out of its place, where there is none afterwards.  Of several threads that
// release an object one gets it.
static inline zx_handle_t zxio_take_handle(zx_handle_t* place) {
    return __atomic_exchange_n(place, ZX_HANDLE_INVALID, __ATOMIC_RELAXED);
}

// Each constructor fills *storage and takes over the handles it is given.
void zxio_handle_holder_init(zxio_storage_t* storage, zx_handle_t handle);
void zxio_debuglog_init(zxio_storage_t* storage, zx_handle_t handle);
void zxio_pipe_init(zxio_storage_t* storage, zx_handle_t socket, const zx_info_socket_t* info);
void zxio_vmo_init(zxio_storage_t* storage, zx_handle_t vmo, zx_handle_t stream);

// A channel asks its server what it is.
zx_status_t zxio_remote_create(zx_handle_t channel, zxio_storage_t* storage);

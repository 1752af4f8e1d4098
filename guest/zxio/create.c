// Which object stands for a handle.
//
//     kernel object   zxio object
//     channel         whatever its server says it is (remote.c)
//     debuglog        debuglog
//     socket          pipe, of the stream or the datagram flavour
//     VMO             vmo, with a stream at offset zero
//     anything else   handle holder, and ZX_ERR_NOT_SUPPORTED
//
// The handle is consumed in every case.

#include "private.h"
#include "zx/syscalls.h"

static zx_status_t create_pipe(zx_handle_t socket, zxio_storage_t* storage) {
    zx_info_socket_t info;
    zx_status_t status =
        zx_object_get_info(socket, ZX_INFO_SOCKET, &info, sizeof(info), NULL, NULL);
    if (status != ZX_OK) {
        zx_handle_close(socket);
        return status;
    }
    zxio_pipe_init(storage, socket, &info);
    return ZX_OK;
}

// The stream reads and writes as far as the handle may.
static zx_status_t create_vmo(zx_handle_t vmo, zx_rights_t rights, zxio_storage_t* storage) {
    uint32_t mode = 0;
    mode |= rights & ZX_RIGHT_READ ? ZX_STREAM_MODE_READ : 0;
    mode |= rights & ZX_RIGHT_WRITE ? ZX_STREAM_MODE_WRITE : 0;
    zx_handle_t stream;
    zx_status_t status = zx_stream_create(mode, vmo, 0, &stream);
    if (status != ZX_OK) {
        zx_handle_close(vmo);
        zxio_default_init(&storage->io);
        return status;
    }
    zxio_vmo_init(storage, vmo, stream);
    return ZX_OK;
}

// Refuses what cannot be an object, closing the handle if there is one.
static bool refused(zx_handle_t handle, const void* info, const zxio_storage_t* storage) {
    if (handle != ZX_HANDLE_INVALID && info != NULL && storage != NULL) {
        return false;
    }
    if (handle != ZX_HANDLE_INVALID) {
        zx_handle_close(handle);
    }
    return true;
}

zx_status_t zxio_create(zx_handle_t handle, zxio_storage_t* storage) {
    if (refused(handle, storage, storage)) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_info_handle_basic_t info;
    zx_status_t status =
        zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
    if (status != ZX_OK) {
        zx_handle_close(handle);
        zxio_default_init(&storage->io);
        return status;
    }
    return zxio_create_with_info(handle, &info, storage);
}

// The server's first event would say what the channel is.
zx_status_t zxio_create_with_on_open(zx_handle_t handle, zxio_storage_t* storage) {
    if (refused(handle, storage, storage)) {
        return ZX_ERR_INVALID_ARGS;
    }
    return zxio_remote_create(handle, storage);
}

zx_status_t zxio_create_with_info(zx_handle_t handle, const zx_info_handle_basic_t* handle_info,
                                  zxio_storage_t* storage) {
    if (refused(handle, handle_info, storage)) {
        return ZX_ERR_INVALID_ARGS;
    }
    switch (handle_info->type) {
    case ZX_OBJ_TYPE_CHANNEL:
        return zxio_remote_create(handle, storage);
    case ZX_OBJ_TYPE_DEBUGLOG:
        zxio_debuglog_init(storage, handle);
        return ZX_OK;
    case ZX_OBJ_TYPE_SOCKET:
        return create_pipe(handle, storage);
    case ZX_OBJ_TYPE_VMO:
        return create_vmo(handle, handle_info->rights, storage);
    default:
        zxio_handle_holder_init(storage, handle);
        return ZX_ERR_NOT_SUPPORTED;
    }
}

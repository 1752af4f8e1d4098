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

#define MAX_PARTS 4

// What the objects that can be made by type are made of: an 'h' is a handle, a 'p' a pointer to
// what is known of it, an 'n' a number.  NULL for the others.
static const char* parts_of(zxio_object_type_t type) {
    switch (type) {
    case ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET: // event pair, channel
    case ZXIO_OBJECT_TYPE_RAW_SOCKET:
    case ZXIO_OBJECT_TYPE_PACKET_SOCKET:
    case ZXIO_OBJECT_TYPE_VMO: // VMO, stream
        return "hh";
    case ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET: // socket, its information, prelude sizes, channel
        return "hpph";
    case ZXIO_OBJECT_TYPE_STREAM_SOCKET: // socket, its information, is it connected, channel
        return "hpnh";
    case ZXIO_OBJECT_TYPE_DIR:
    case ZXIO_OBJECT_TYPE_NODE:
        return "h";
    case ZXIO_OBJECT_TYPE_PIPE: // socket, its information
        return "hp";
    default:
        return NULL;
    }
}

// Types with a server behind them are answered as if it had closed.
static zx_status_t create_from_parts(zxio_storage_t* storage, zxio_object_type_t type,
                                     const char* kinds, va_list parts) {
    zx_handle_t handles[MAX_PARTS];
    size_t handle_count = 0;
    const zx_info_socket_t* info = NULL;
    bool complete = storage != NULL;
    for (size_t i = 0; kinds[i] != '\0'; i++) {
        if (kinds[i] == 'h') {
            zx_handle_t handle = va_arg(parts, zx_handle_t);
            complete &= handle != ZX_HANDLE_INVALID;
            handles[handle_count++] = handle;
        } else if (kinds[i] == 'p') {
            const void* pointer = va_arg(parts, const void*);
            complete &= pointer != NULL;
            info = info == NULL ? pointer : info;
        } else {
            (void)va_arg(parts, int);
        }
    }
    if (complete && type == ZXIO_OBJECT_TYPE_PIPE) {
        zxio_pipe_init(storage, handles[0], info);
        return ZX_OK;
    }
    if (complete && type == ZXIO_OBJECT_TYPE_VMO) {
        zxio_vmo_init(storage, handles[0], handles[1]);
        return ZX_OK;
    }
    for (size_t i = 0; i < handle_count; i++) {
        if (handles[i] != ZX_HANDLE_INVALID) {
            zx_handle_close(handles[i]);
        }
    }
    return complete ? ZX_ERR_PEER_CLOSED : ZX_ERR_INVALID_ARGS;
}

// Consumes the handles among the parts even on failure; those of a type without a constructor are
// not looked at.
zx_status_t zxio_create_with_type(zxio_storage_t* storage, zxio_object_type_t type, ...) {
    const char* kinds = parts_of(type);
    if (kinds == NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    va_list parts;
    va_start(parts, type);
    zx_status_t status = create_from_parts(storage, type, kinds, parts);
    va_end(parts);
    return status;
}

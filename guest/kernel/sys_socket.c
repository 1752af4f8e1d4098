// zx_socket_*.
#include "process.h"
#include "socket.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_socket_create(uint32_t options, uaddr_t out0, uaddr_t out1) {
    zx_status_t status = policy_enforce(ZX_POL_NEW_SOCKET);
    if (status != ZX_OK) {
        return status;
    }
    if (options & ~ZX_SOCKET_CREATE_MASK) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct socket *a, *b;
    status = socket_create(options, &a, &b);
    if (status != ZX_OK) {
        return status;
    }
    status = handle_make_and_store_pair(socket_dispatcher(a), socket_dispatcher(b),
                                        ZX_DEFAULT_SOCKET_RIGHTS, out0, out1);
    dispatcher_unref(socket_dispatcher(a));
    dispatcher_unref(socket_dispatcher(b));
    return status;
}

zx_status_t sys_socket_write(zx_handle_t handle, uint32_t options, uaddr_t buffer,
                             size_t buffer_size, uaddr_t actual) {
    if ((buffer == 0 && buffer_size > 0) || options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_SOCKET, ZX_RIGHT_WRITE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    size_t written;
    status = socket_write(socket_from_dispatcher(object), buffer, buffer_size, &written);
    return status == ZX_OK ? store_optional_u64(actual, written) : status;
}

zx_status_t sys_socket_read(zx_handle_t handle, uint32_t options, uaddr_t buffer,
                            size_t buffer_size, uaddr_t actual) {
    if ((buffer == 0 && buffer_size > 0) || (options & ~ZX_SOCKET_PEEK)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_SOCKET, ZX_RIGHT_READ, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    size_t read;
    bool peek = options & ZX_SOCKET_PEEK;
    status = socket_read(socket_from_dispatcher(object), peek, buffer, buffer_size, &read);
    return status == ZX_OK ? store_optional_u64(actual, read) : status;
}

// Nothing, or one of the two; not both, and no other bit.
static bool valid_disposition(uint32_t disposition) {
    return disposition <= ZX_SOCKET_DISPOSITION_WRITE_ENABLED;
}

zx_status_t sys_socket_set_disposition(zx_handle_t handle, uint32_t disposition,
                                       uint32_t disposition_peer) {
    if (!valid_disposition(disposition) || !valid_disposition(disposition_peer)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_SOCKET, ZX_RIGHT_MANAGE_SOCKET, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    return socket_set_disposition(socket_from_dispatcher(object), disposition, disposition_peer);
}

// zx_port_*, zx_object_wait_async.
#include "port.h"
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_port_create(uint32_t options, uaddr_t out) {
    zx_status_t status = policy_enforce(ZX_POL_NEW_PORT);
    if (status != ZX_OK) {
        return status;
    }
    if (options & ~ZX_PORT_BIND_TO_INTERRUPT) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct port* port = port_create(options);
    if (port == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(port_dispatcher(port), ZX_DEFAULT_PORT_RIGHTS, out);
}

static zx_status_t get_port(zx_handle_t value, zx_rights_t rights, struct port** out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(value, ZX_OBJ_TYPE_PORT, rights, &object, NULL);
    if (status == ZX_OK) {
        *out = port_from_dispatcher(object);
    }
    return status;
}

zx_status_t sys_port_queue(zx_handle_t handle, uaddr_t user_packet) {
    struct port* port;
    zx_status_t status = get_port(handle, ZX_RIGHT_WRITE, &port);
    if (status != ZX_OK) {
        return status;
    }
    zx_port_packet_t packet;
    status = copy_from_user(&packet, user_packet, sizeof(packet));
    if (status != ZX_OK) {
        return status;
    }
    status = port_queue_user(port, &packet);
    if (status == ZX_ERR_SHOULD_WAIT) {
        policy_exception(ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_PACKETS, 0);
    }
    return status;
}

zx_status_t sys_port_wait(zx_handle_t handle, zx_time_t deadline, uaddr_t user_packet) {
    struct port* port;
    zx_status_t status = get_port(handle, ZX_RIGHT_READ, &port);
    if (status != ZX_OK) {
        return status;
    }
    zx_port_packet_t packet;
    status = port_wait(port, deadline, &packet);
    return status == ZX_OK ? copy_to_user(user_packet, &packet, sizeof(packet)) : status;
}

// Looks up what is or was watched: bad, without WAIT, or not waitable.
static zx_status_t get_source(zx_handle_t value, struct handle** out) {
    zx_status_t status = handle_get(value, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT, out);
    if (status == ZX_OK && !(*out)->object->ops->waitable) {
        status = ZX_ERR_NOT_SUPPORTED;
    }
    return status;
}

zx_status_t sys_port_cancel(zx_handle_t handle, zx_handle_t source_value, uint64_t key) {
    struct port* port;
    zx_status_t status = get_port(handle, ZX_RIGHT_WRITE, &port);
    if (status != ZX_OK) {
        return status;
    }
    struct handle* source;
    status = get_source(source_value, &source);
    if (status != ZX_OK) {
        return status;
    }
    return port_cancel(port, source, key) ? ZX_OK : ZX_ERR_NOT_FOUND;
}

zx_status_t sys_object_wait_async(zx_handle_t handle, zx_handle_t port_value, uint64_t key,
                                  zx_signals_t signals, uint32_t options) {
    if (options & ~(ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_EDGE)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct port* port;
    zx_status_t status = get_port(port_value, ZX_RIGHT_WRITE, &port);
    if (status != ZX_OK) {
        return status;
    }
    struct handle* source;
    status = get_source(handle, &source);
    if (status != ZX_OK) {
        return status;
    }
    status = port_watch(port, source, key, signals, options);
    if (status == ZX_ERR_SHOULD_WAIT) {
        policy_exception(ZX_EXCP_POLICY_CODE_PORT_TOO_MANY_OBSERVERS, 0);
    }
    return status;
}

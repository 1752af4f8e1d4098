// zx_interrupt_*.
#include "interrupt.h"
#include "process.h"
#include "resource.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

static zx_status_t get_interrupt(zx_handle_t value, zx_rights_t rights, struct interrupt** out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(value, ZX_OBJ_TYPE_INTERRUPT, rights, &object, NULL);
    if (status == ZX_OK) {
        *out = interrupt_from_dispatcher(object);
    }
    return status;
}

// An interrupt of the machine: whoever may have it, with whatever options, there is no such line.
static zx_status_t create_physical(zx_handle_t resource, uint32_t vector) {
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_IRQ, vector, 1);
    return status == ZX_OK ? ZX_ERR_INVALID_ARGS : status;
}

zx_status_t sys_interrupt_create(zx_handle_t resource, uint32_t vector, uint32_t options,
                                 uaddr_t out) {
    if (!(options & ZX_INTERRUPT_VIRTUAL)) {
        return create_physical(resource, vector);
    }
    if (options != ZX_INTERRUPT_VIRTUAL) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct interrupt* interrupt = interrupt_create();
    if (interrupt == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(interrupt_dispatcher(interrupt), ZX_DEFAULT_INTERRUPT_RIGHTS, out);
}

zx_status_t sys_interrupt_bind(zx_handle_t handle, zx_handle_t port_value, uint64_t key,
                               uint32_t options) {
    if (options != ZX_INTERRUPT_BIND && options != ZX_INTERRUPT_UNBIND) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct interrupt* interrupt;
    zx_status_t status = get_interrupt(handle, ZX_RIGHT_READ, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher* object;
    status = handle_get_object(port_value, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    struct port* port = port_from_dispatcher(object);
    if (!port_takes_interrupts(port)) {
        return ZX_ERR_WRONG_TYPE;
    }
    return options == ZX_INTERRUPT_BIND ? interrupt_bind(interrupt, port, key)
                                        : interrupt_unbind(interrupt, port);
}

zx_status_t sys_interrupt_wait(zx_handle_t handle, uaddr_t out_timestamp) {
    struct interrupt* interrupt;
    zx_status_t status = get_interrupt(handle, ZX_RIGHT_WAIT, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    zx_time_t timestamp;
    status = interrupt_wait(interrupt, &timestamp);
    return status == ZX_OK ? store_optional_u64(out_timestamp, (uint64_t)timestamp) : status;
}

zx_status_t sys_interrupt_ack(zx_handle_t handle) {
    struct interrupt* interrupt;
    zx_status_t status = get_interrupt(handle, ZX_RIGHT_WRITE, &interrupt);
    return status == ZX_OK ? interrupt_ack(interrupt) : status;
}

zx_status_t sys_interrupt_destroy(zx_handle_t handle) {
    struct interrupt* interrupt;
    zx_status_t status = get_interrupt(handle, ZX_RIGHT_NONE, &interrupt);
    return status == ZX_OK ? interrupt_destroy(interrupt) : status;
}

zx_status_t sys_interrupt_trigger(zx_handle_t handle, uint32_t options, zx_time_t timestamp) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct interrupt* interrupt;
    zx_status_t status = get_interrupt(handle, ZX_RIGHT_SIGNAL, &interrupt);
    return status == ZX_OK ? interrupt_trigger(interrupt, timestamp) : status;
}

// zx_event_create, zx_eventpair_create.
#include "event.h"
#include "eventpair.h"
#include "handle.h"
#include "zx/kernel_calls.h"

zx_status_t sys_event_create(uint32_t options, uaddr_t out) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* event = event_create();
    if (event == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = handle_make_and_store(event, ZX_DEFAULT_EVENT_RIGHTS, out);
    dispatcher_unref(event);
    return status;
}

zx_status_t sys_eventpair_create(uint32_t options, uaddr_t out0, uaddr_t out1) {
    if (options != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    struct dispatcher *a, *b;
    zx_status_t status = eventpair_create(&a, &b);
    if (status != ZX_OK) {
        return status;
    }
    status = handle_make_and_store_pair(a, b, ZX_DEFAULT_EVENTPAIR_RIGHTS, out0, out1);
    dispatcher_unref(a);
    dispatcher_unref(b);
    return status;
}

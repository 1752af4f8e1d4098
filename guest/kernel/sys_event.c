// zx_event_create, zx_eventpair_create.
#include "event.h"
#include "eventpair.h"
#include "process.h"
#include "zx/kernel_calls.h"

zx_status_t sys_event_create(uint32_t options, uaddr_t out) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = policy_enforce(ZX_POL_NEW_EVENT);
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher* event = event_create();
    if (event == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(event, ZX_DEFAULT_EVENT_RIGHTS, out);
}

zx_status_t sys_eventpair_create(uint32_t options, uaddr_t out0, uaddr_t out1) {
    if (options != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    zx_status_t status = policy_enforce(ZX_POL_NEW_EVENTPAIR);
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher *a, *b;
    status = eventpair_create(&a, &b);
    if (status != ZX_OK) {
        return status;
    }
    status = handle_make_and_store_pair(a, b, ZX_DEFAULT_EVENTPAIR_RIGHTS, out0, out1);
    dispatcher_unref(a);
    dispatcher_unref(b);
    return status;
}

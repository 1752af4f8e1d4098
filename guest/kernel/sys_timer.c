// zx_timer_*.
#include "process.h"
#include "timer.h"
#include "zx/kernel_calls.h"

zx_status_t sys_timer_create(uint32_t options, zx_clock_t clock_id, uaddr_t out) {
    if (clock_id != ZX_CLOCK_MONOTONIC) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = policy_enforce(ZX_POL_NEW_TIMER);
    if (status != ZX_OK) {
        return status;
    }
    if (options > ZX_TIMER_SLACK_LATE) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct timer* timer = timer_create(options);
    if (timer == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(timer_dispatcher(timer), ZX_DEFAULT_TIMER_RIGHTS, out);
}

zx_status_t sys_timer_set(zx_handle_t handle, zx_time_t deadline, zx_duration_t slack) {
    if (slack < 0) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_TIMER, ZX_RIGHT_WRITE, &object, NULL);
    if (status == ZX_OK) {
        timer_set(timer_from_dispatcher(object), deadline, slack);
    }
    return status;
}

zx_status_t sys_timer_cancel(zx_handle_t handle) {
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_TIMER, ZX_RIGHT_WRITE, &object, NULL);
    if (status == ZX_OK) {
        timer_cancel(timer_from_dispatcher(object));
    }
    return status;
}

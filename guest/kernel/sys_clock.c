// zx_clock_create, _read, _get_details, _update.
#include "clock.h"
#include "ktimer.h"
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

#define OPTIONS_MASK (ZX_CLOCK_OPT_MONOTONIC | ZX_CLOCK_OPT_CONTINUOUS | ZX_CLOCK_OPT_AUTO_START)
#define UPDATE_V1_MASK                                                                             \
    (ZX_CLOCK_UPDATE_OPTION_VALUE_VALID | ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID |               \
     ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID)
#define UPDATE_V2_MASK (UPDATE_V1_MASK | ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID)

// The version of a structure that goes with options, from their highest bits.
static uint64_t version_of(uint64_t options) {
    return (options & ZX_CLOCK_ARGS_VERSION_MASK) >> ZX_CLOCK_ARGS_VERSION_SHIFT;
}

zx_status_t sys_clock_create(uint64_t options, uaddr_t user_args, uaddr_t out) {
    uint64_t version = version_of(options);
    options &= ~ZX_CLOCK_ARGS_VERSION_MASK;
    if (version > 1 || (version == 1) != (user_args != 0) || (options & ~(uint64_t)OPTIONS_MASK)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if ((options & ZX_CLOCK_OPT_CONTINUOUS) && !(options & ZX_CLOCK_OPT_MONOTONIC)) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_clock_create_args_v1_t args = {0};
    if (version == 1) {
        zx_status_t status = copy_from_user(&args, user_args, sizeof(args));
        if (status != ZX_OK) {
            return status;
        }
    }
    bool backstop_ahead =
        (options & ZX_CLOCK_OPT_AUTO_START) && args.backstop_time > current_time();
    if (args.backstop_time < 0 || backstop_ahead) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct clock* clock = clock_create(options, args.backstop_time);
    if (clock == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(clock_dispatcher(clock), ZX_DEFAULT_CLOCK_RIGHTS, out);
}

zx_status_t sys_clock_read(zx_handle_t handle, uaddr_t now) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_CLOCK, ZX_RIGHT_READ, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    return store_u64(now, (uint64_t)clock_read(clock_from_dispatcher(object)));
}

zx_status_t sys_clock_get_details(zx_handle_t handle, uint64_t options, uaddr_t user_details) {
    if (options != 1ull << ZX_CLOCK_ARGS_VERSION_SHIFT || user_details == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_CLOCK, ZX_RIGHT_READ, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    zx_clock_details_v1_t details;
    clock_get_details(clock_from_dispatcher(object), &details);
    return copy_to_user(user_details, &details, sizeof(details));
}

zx_status_t sys_clock_update(zx_handle_t handle, uint64_t options, uaddr_t user_args) {
    uint64_t version = version_of(options);
    options &= ~ZX_CLOCK_ARGS_VERSION_MASK;
    if (user_args == 0 || version < 1 || version > 2 || options == 0 ||
        (options & ~(uint64_t)(version == 1 ? UPDATE_V1_MASK : UPDATE_V2_MASK))) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_clock_update_args_v2_t args = {0};
    zx_status_t status;
    if (version == 1) {
        zx_clock_update_args_v1_t old;
        status = copy_from_user(&old, user_args, sizeof(old));
        args.rate_adjust = old.rate_adjust;
        args.synthetic_value = old.value;
        args.error_bound = old.error_bound;
    } else {
        status = copy_from_user(&args, user_args, sizeof(args));
    }
    if (status != ZX_OK) {
        return status;
    }
    if ((options & ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID) &&
        (args.rate_adjust < ZX_CLOCK_UPDATE_MIN_RATE_ADJUST ||
         args.rate_adjust > ZX_CLOCK_UPDATE_MAX_RATE_ADJUST)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    status = handle_get_object(handle, ZX_OBJ_TYPE_CLOCK, ZX_RIGHT_WRITE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    return clock_update(clock_from_dispatcher(object), version, options, &args);
}

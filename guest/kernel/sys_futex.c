// zx_futex_*.
#include "futex.h"
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

static bool is_futex_address(uaddr_t address) {
    return (address & 3) == 0 && is_user_address(address);
}

// Whether the word still has the value the caller saw.
static zx_status_t check_value(uaddr_t address, zx_futex_t expected) {
    zx_futex_t value;
    zx_status_t status = copy_from_user(&value, address, sizeof(value));
    if (status != ZX_OK) {
        return status;
    }
    return value == expected ? ZX_OK : ZX_ERR_BAD_STATE;
}

// The thread that shall own a futex: NULL for ZX_HANDLE_INVALID or a thread that is gone.
static zx_status_t get_owner(zx_handle_t handle, struct thread_dispatcher** out) {
    *out = NULL;
    if (handle == ZX_HANDLE_INVALID) {
        return ZX_OK;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_NONE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    struct thread_dispatcher* thread = thread_from_dispatcher(object);
    if (thread->process != process_current() || thread->state == THREAD_OBJECT_INITIAL) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out = thread->state == THREAD_OBJECT_STARTED ? thread : NULL;
    return ZX_OK;
}

zx_status_t sys_futex_wait(uaddr_t value_ptr, zx_futex_t current_value, zx_handle_t new_futex_owner,
                           zx_time_t deadline) {
    if (!is_futex_address(value_ptr)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct thread_dispatcher* owner;
    zx_status_t status = check_value(value_ptr, current_value);
    if (status == ZX_OK) {
        status = get_owner(new_futex_owner, &owner);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (owner == thread_object_current()) {
        return ZX_ERR_INVALID_ARGS;
    }
    return futex_wait(value_ptr, owner, deadline);
}

zx_status_t sys_futex_wake(uaddr_t value_ptr, uint32_t wake_count) {
    if (!is_futex_address(value_ptr)) {
        return ZX_ERR_INVALID_ARGS;
    }
    futex_wake(value_ptr, wake_count, false);
    return ZX_OK;
}

zx_status_t sys_futex_wake_single_owner(uaddr_t value_ptr) {
    if (!is_futex_address(value_ptr)) {
        return ZX_ERR_INVALID_ARGS;
    }
    futex_wake(value_ptr, 1, true);
    return ZX_OK;
}

static zx_status_t requeue(uaddr_t value_ptr, uint32_t wake_count, zx_futex_t current_value,
                           uaddr_t requeue_ptr, uint32_t requeue_count, zx_handle_t new_owner,
                           bool single_owner) {
    if (!is_futex_address(value_ptr) || !is_futex_address(requeue_ptr) ||
        value_ptr == requeue_ptr) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct thread_dispatcher* owner;
    zx_status_t status = check_value(value_ptr, current_value);
    if (status == ZX_OK) {
        status = get_owner(new_owner, &owner);
    }
    return status == ZX_OK ? futex_requeue(value_ptr, wake_count, requeue_ptr, requeue_count, owner,
                                           single_owner)
                           : status;
}

zx_status_t sys_futex_requeue(uaddr_t value_ptr, uint32_t wake_count, zx_futex_t current_value,
                              uaddr_t requeue_ptr, uint32_t requeue_count,
                              zx_handle_t new_requeue_owner) {
    return requeue(value_ptr, wake_count, current_value, requeue_ptr, requeue_count,
                   new_requeue_owner, false);
}

zx_status_t sys_futex_requeue_single_owner(uaddr_t value_ptr, zx_futex_t current_value,
                                           uaddr_t requeue_ptr, uint32_t requeue_count,
                                           zx_handle_t new_requeue_owner) {
    return requeue(value_ptr, 1, current_value, requeue_ptr, requeue_count, new_requeue_owner,
                   true);
}

zx_status_t sys_futex_get_owner(uaddr_t value_ptr, uaddr_t koid) {
    if (!is_futex_address(value_ptr)) {
        return ZX_ERR_INVALID_ARGS;
    }
    return store_optional_u64(koid, futex_owner(value_ptr));
}

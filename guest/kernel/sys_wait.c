// zx_object_wait_one, zx_object_wait_many, zx_object_signal, zx_object_signal_peer.
#include "handle.h"
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

// A thread that waits for signals of one object; lies on its stack.
struct waiter {
    struct observer observer;
    struct thread* thread;
    bool ended; // matched or cancelled: `signals` is what was seen then
    zx_status_t status;
    zx_signals_t signals;
};

static void waiter_end(struct observer* observer, zx_status_t status, zx_signals_t signals) {
    struct waiter* waiter = (struct waiter*)observer;
    observer_remove(observer);
    waiter->ended = true;
    waiter->status = status;
    waiter->signals = signals;
    thread_wake(waiter->thread, status);
}

static void waiter_on_match(struct observer* observer, zx_signals_t signals) {
    waiter_end(observer, ZX_OK, signals);
}

static void waiter_on_cancel(struct observer* observer, zx_signals_t signals) {
    waiter_end(observer, ZX_ERR_CANCELED, signals);
}

// Looks a handle up for waiting: bad, without the right, or not waitable.
static zx_status_t get_waitable(zx_handle_t value, struct handle** out) {
    zx_status_t status = handle_get(value, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT, out);
    if (status == ZX_OK && !(*out)->object->ops->waitable) {
        status = ZX_ERR_NOT_SUPPORTED;
    }
    return status;
}

// Starts watching; the object gets a reference until waiter_stop.
static void waiter_start(struct waiter* waiter, const struct handle* handle, zx_signals_t wanted) {
    waiter->thread = thread_current();
    waiter->ended = false;
    waiter->observer.on_match = waiter_on_match;
    waiter->observer.on_cancel = waiter_on_cancel;
    dispatcher_ref(handle->object);
    observer_add(&waiter->observer, handle->object, handle, wanted);
}

// Stops watching; afterwards `signals` is what was seen at the match, or else now.
static void waiter_stop(struct waiter* waiter) {
    struct dispatcher* object = waiter->observer.object;
    if (!waiter->ended) {
        observer_remove(&waiter->observer);
        waiter->signals = object->signals;
    }
    dispatcher_unref(object);
}

// Whether a wait that ended so tells the caller what it saw.
static bool reports_signals(zx_status_t status) {
    return status == ZX_OK || status == ZX_ERR_TIMED_OUT || status == ZX_ERR_CANCELED;
}

zx_status_t sys_object_wait_one(zx_handle_t value, zx_signals_t signals, zx_time_t deadline,
                                uaddr_t observed) {
    struct handle* handle;
    zx_status_t status = get_waitable(value, &handle);
    if (status != ZX_OK) {
        return status;
    }
    struct waiter waiter;
    waiter.signals = handle->object->signals;
    if (!(waiter.signals & signals)) {
        waiter_start(&waiter, handle, signals);
        status = thread_block(NULL, deadline, ZX_THREAD_STATE_BLOCKED_WAIT_ONE);
        waiter_stop(&waiter);
        status = waiter.ended ? waiter.status : status;
    }
    if (reports_signals(status) && store_optional_u32(observed, waiter.signals) != ZX_OK) {
        return ZX_ERR_INVALID_ARGS;
    }
    return status;
}

// Waits for any of the items; fills in what is pending of each.  All are looked up before the first
// is watched: the look-up of a bad handle may stop the thread for a policy exception.
static zx_status_t wait_many(zx_wait_item_t* items, size_t count, zx_time_t deadline) {
    struct handle* handles[ZX_WAIT_MANY_MAX_ITEMS];
    for (size_t i = 0; i < count; i++) {
        zx_status_t status = get_waitable(items[i].handle, &handles[i]);
        if (status != ZX_OK) {
            return status;
        }
    }
    struct waiter waiters[ZX_WAIT_MANY_MAX_ITEMS];
    bool satisfied = false;
    for (size_t i = 0; i < count; i++) {
        waiter_start(&waiters[i], handles[i], items[i].waitfor);
        satisfied |= (handles[i]->object->signals & items[i].waitfor) != 0;
    }
    zx_status_t status = ZX_OK;
    if (!satisfied) {
        status = thread_block(NULL, deadline, ZX_THREAD_STATE_BLOCKED_WAIT_MANY);
        for (size_t i = 0; i < count && status == ZX_ERR_TIMED_OUT; i++) {
            status = waiters[i].ended ? waiters[i].status : status;
        }
    }
    for (size_t i = 0; i < count; i++) {
        waiter_stop(&waiters[i]);
        items[i].pending = waiters[i].signals;
    }
    return status;
}

zx_status_t sys_object_wait_many(uaddr_t user_items, size_t num_items, zx_time_t deadline) {
    if (num_items == 0) {
        return thread_block(NULL, deadline, ZX_THREAD_STATE_BLOCKED_WAIT_MANY);
    }
    if (num_items > ZX_WAIT_MANY_MAX_ITEMS) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    zx_wait_item_t items[ZX_WAIT_MANY_MAX_ITEMS];
    size_t size = num_items * sizeof(items[0]);
    zx_status_t status = copy_from_user(items, user_items, size);
    if (status != ZX_OK) {
        return status;
    }
    status = wait_many(items, num_items, deadline);
    if (reports_signals(status) && copy_to_user(user_items, items, size) != ZX_OK) {
        return ZX_ERR_INVALID_ARGS;
    }
    return status;
}

zx_status_t sys_object_signal(zx_handle_t value, uint32_t clear_mask, uint32_t set_mask) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(value, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SIGNAL, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    if (!object->ops->waitable) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if ((clear_mask | set_mask) & ~object->ops->user_settable) {
        return ZX_ERR_INVALID_ARGS;
    }
    update_signals(object, clear_mask, set_mask);
    return ZX_OK;
}

zx_status_t sys_object_signal_peer(zx_handle_t value, uint32_t clear_mask, uint32_t set_mask) {
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(value, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SIGNAL_PEER, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    if (!object->ops->has_peer) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if ((clear_mask | set_mask) & ~object->ops->user_settable) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* peer = object->ops->peer(object);
    if (peer == NULL) {
        return ZX_ERR_PEER_CLOSED;
    }
    update_signals(peer, clear_mask, set_mask);
    return ZX_OK;
}

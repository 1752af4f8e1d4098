// Suspend tokens.
#include "suspend_token.h"

#include "heap.h"
#include "process.h"

struct suspend_token {
    struct dispatcher object; // first
    struct dispatcher* task;  // a reference; NULL once resumed
};

static zx_status_t suspend(struct dispatcher* task) {
    return task->ops->type == ZX_OBJ_TYPE_PROCESS
               ? process_suspend(process_from_dispatcher(task))
               : thread_object_suspend(thread_from_dispatcher(task));
}

static void on_zero_handles(struct dispatcher* object) {
    struct suspend_token* token = container_of(object, struct suspend_token, object);
    struct dispatcher* task = token->task;
    token->task = NULL;
    if (task->ops->type == ZX_OBJ_TYPE_PROCESS) {
        process_resume(process_from_dispatcher(task));
    } else {
        thread_object_resume(thread_from_dispatcher(task));
    }
    dispatcher_unref(task);
}

static void token_destroy(struct dispatcher* object) {
    struct suspend_token* token = container_of(object, struct suspend_token, object);
    if (token->task != NULL) {
        on_zero_handles(object); // it never had a handle
    }
    kfree(token);
}

const struct dispatcher_ops suspend_token_ops = {
    .type = ZX_OBJ_TYPE_SUSPEND_TOKEN,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = on_zero_handles,
    .destroy = token_destroy,
};

zx_status_t suspend_token_create(struct dispatcher* task, struct dispatcher** out) {
    struct suspend_token* token = kalloc(sizeof(*token));
    if (token == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = suspend(task);
    if (status != ZX_OK) {
        kfree(token);
        return status;
    }
    dispatcher_init(&token->object, &suspend_token_ops, 0);
    dispatcher_ref(task);
    token->task = task;
    *out = &token->object;
    return ZX_OK;
}

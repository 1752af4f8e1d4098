// Events: an object with signals and nothing else.
#include "event.h"

#include "heap.h"

struct event {
    struct dispatcher object; // first
};

static void event_destroy(struct dispatcher* object) {
    kfree(object);
}

static const struct dispatcher_ops event_ops = {
    .type = ZX_OBJ_TYPE_EVENT,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL | ZX_EVENT_SIGNALED,
    .destroy = event_destroy,
};

struct dispatcher* event_create(void) {
    struct event* event = kalloc(sizeof(*event));
    if (event == NULL) {
        return NULL;
    }
    dispatcher_init(&event->object, &event_ops, 0);
    return &event->object;
}

// Event pairs.
#include "eventpair.h"

#include "heap.h"
#include "paired.h"

// The other end learns that nobody can signal it any more.
static void eventpair_on_zero_handles(struct dispatcher* object) {
    paired_part((struct paired*)object, 0, ZX_EVENTPAIR_PEER_CLOSED);
}

// An end that never had a handle leaves without on_zero_handles.
static void eventpair_destroy(struct dispatcher* object) {
    eventpair_on_zero_handles(object);
    kfree(object);
}

static const struct dispatcher_ops eventpair_ops = {
    .type = ZX_OBJ_TYPE_EVENTPAIR,
    .waitable = true,
    .has_peer = true,
    .user_settable = ZX_USER_SIGNAL_ALL | ZX_EVENTPAIR_SIGNALED,
    .on_zero_handles = eventpair_on_zero_handles,
    .destroy = eventpair_destroy,
    .related_koid = paired_related_koid,
    .peer = paired_peer,
};

zx_status_t eventpair_create(struct dispatcher** end0, struct dispatcher** end1) {
    struct paired* a = kalloc(sizeof(*a));
    struct paired* b = kalloc(sizeof(*b));
    if (a == NULL || b == NULL) {
        kfree(a);
        kfree(b);
        return ZX_ERR_NO_MEMORY;
    }
    dispatcher_init(&a->object, &eventpair_ops, 0);
    dispatcher_init(&b->object, &eventpair_ops, 0);
    paired_join(a, b);
    *end0 = &a->object;
    *end1 = &b->object;
    return ZX_OK;
}

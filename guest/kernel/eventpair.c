// Event pairs.
#include "eventpair.h"

#include "heap.h"

struct eventpair {
    struct dispatcher object; // first
    struct eventpair* peer;   // NULL once it has lost its last handle
    zx_koid_t peer_koid;
};

// The other end learns that nobody can signal it any more.
static void eventpair_on_zero_handles(struct dispatcher* object) {
    struct eventpair* end = (struct eventpair*)object;
    if (end->peer != NULL) {
        end->peer->peer = NULL;
        update_signals(&end->peer->object, 0, ZX_EVENTPAIR_PEER_CLOSED);
        end->peer = NULL;
    }
}

// An end that never had a handle leaves without on_zero_handles.
static void eventpair_destroy(struct dispatcher* object) {
    eventpair_on_zero_handles(object);
    kfree(object);
}

static zx_koid_t eventpair_related_koid(struct dispatcher* object) {
    return ((struct eventpair*)object)->peer_koid;
}

static struct dispatcher* eventpair_peer(struct dispatcher* object) {
    struct eventpair* peer = ((struct eventpair*)object)->peer;
    return peer != NULL ? &peer->object : NULL;
}

static const struct dispatcher_ops eventpair_ops = {
    .type = ZX_OBJ_TYPE_EVENTPAIR,
    .waitable = true,
    .has_peer = true,
    .user_settable = ZX_USER_SIGNAL_ALL | ZX_EVENTPAIR_SIGNALED,
    .on_zero_handles = eventpair_on_zero_handles,
    .destroy = eventpair_destroy,
    .related_koid = eventpair_related_koid,
    .peer = eventpair_peer,
};

zx_status_t eventpair_create(struct dispatcher** end0, struct dispatcher** end1) {
    struct eventpair* a = kalloc(sizeof(*a));
    struct eventpair* b = kalloc(sizeof(*b));
    if (a == NULL || b == NULL) {
        kfree(a);
        kfree(b);
        return ZX_ERR_NO_MEMORY;
    }
    dispatcher_init(&a->object, &eventpair_ops, 0);
    dispatcher_init(&b->object, &eventpair_ops, 0);
    a->peer = b;
    b->peer = a;
    a->peer_koid = b->object.koid;
    b->peer_koid = a->object.koid;
    *end0 = &a->object;
    *end1 = &b->object;
    return ZX_OK;
}

// Two ends that know of each other.
#include "paired.h"

void paired_join(struct paired* a, struct paired* b) {
    a->peer = b;
    b->peer = a;
    a->peer_koid = b->object.koid;
    b->peer_koid = a->object.koid;
}

void paired_part(struct paired* end, zx_signals_t clear, zx_signals_t set) {
    struct paired* peer = end->peer;
    if (peer != NULL) {
        end->peer = NULL;
        peer->peer = NULL;
        update_signals(&peer->object, clear, set);
    }
}

zx_koid_t paired_related_koid(struct dispatcher* object) {
    return ((struct paired*)object)->peer_koid;
}

struct dispatcher* paired_peer(struct dispatcher* object) {
    struct paired* peer = ((struct paired*)object)->peer;
    return peer != NULL ? &peer->object : NULL;
}

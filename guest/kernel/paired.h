// What channels, sockets, FIFOs and event pairs share: each object is one of two ends.
#pragma once

#include "object.h"

struct paired {
    struct dispatcher object; // first
    struct paired* peer;      // NULL once it has lost its last handle
    zx_koid_t peer_koid;
};

// Makes two new objects the ends of one thing.
void paired_join(struct paired* a, struct paired* b);
// Leaves the other end alone, with these changes of its signals; again: nothing.
void paired_part(struct paired* end, zx_signals_t clear, zx_signals_t set);
// For dispatcher_ops.
zx_koid_t paired_related_koid(struct dispatcher* object);
struct dispatcher* paired_peer(struct dispatcher* object);

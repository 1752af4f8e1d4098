// Event pairs: two objects, each of which may signal the other.
#pragma once

#include "object.h"

// Both ends with one reference, the caller's.  An end the kernel keeps needs a handle count
// (dispatcher_add_handle) to stay open; what the other end signals on it is seen by an observer
// with handle NULL.
zx_status_t eventpair_create(struct dispatcher** end0, struct dispatcher** end1);

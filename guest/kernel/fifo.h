// FIFOs: two ends, each with a ring of elements of one size.
#pragma once

#include "object.h"

struct fifo;

// Both ends with one reference, the caller's.  ZX_ERR_OUT_OF_RANGE, ZX_ERR_NO_MEMORY.
zx_status_t fifo_create(size_t elem_count, size_t elem_size, struct fifo** end0,
                        struct fifo** end1);
struct dispatcher* fifo_dispatcher(struct fifo* fifo);
struct fifo* fifo_from_dispatcher(struct dispatcher* object);
// Up to count elements from or to the caller's memory; *actual tells how many.  PEER_CLOSED,
// OUT_OF_RANGE (wrong element size, no element), SHOULD_WAIT, INVALID_ARGS (nothing is moved).
zx_status_t fifo_write(struct fifo* fifo, size_t elem_size, uint64_t from, size_t count,
                       size_t* actual);
zx_status_t fifo_read(struct fifo* fifo, size_t elem_size, uint64_t to, size_t count,
                      size_t* actual);

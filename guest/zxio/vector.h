// The rule behind vectored I/O.

#pragma once

#include "zxio.h"

// Moves the bytes of one entry.
typedef zx_status_t (*zxio_vector_op)(void* context, void* buffer, size_t capacity,
                                      size_t* out_actual);

// Calls `op` once per entry until a short transfer or an error.  An error after some bytes have
// moved is swallowed: the caller learns how many did.  Whether one was short is seen afterwards, by
// the vector as it is then: bytes that are read may fall on it.
zx_status_t zxio_do_vector(const zx_iovec_t* vector, size_t vector_count, size_t* out_actual,
                           void* context, zxio_vector_op op);

// Sum of the capacities of all entries, in bytes.
size_t zxio_vector_size(const zx_iovec_t* vector, size_t vector_count);

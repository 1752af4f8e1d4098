// Walking a vector entry by entry.

#include "vector.h"

zx_status_t zxio_do_vector(const zx_iovec_t* vector, size_t vector_count, size_t* out_actual,
                           void* context, zxio_vector_op op) {
    size_t total = 0;
    for (size_t i = 0; i < vector_count; i++) {
        size_t actual = 0;
        void* buffer = (void*)(uintptr_t)vector[i].buffer;
        zx_status_t status = op(context, buffer, vector[i].capacity, &actual);
        if (status != ZX_OK) {
            if (total > 0) {
                break;
            }
            return status;
        }
        total += actual;
        if (actual != vector[i].capacity) {
            break;
        }
    }
    *out_actual = total;
    return ZX_OK;
}

size_t zxio_vector_size(const zx_iovec_t* vector, size_t vector_count) {
    size_t total = 0;
    for (size_t i = 0; i < vector_count; i++) {
        total += vector[i].capacity;
    }
    return total;
}

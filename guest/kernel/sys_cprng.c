// zx_cprng_*.
#include "cprng.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

// One piece of zx_cprng_draw, which the vDSO makes of as many as it needs.
zx_status_t sys_cprng_draw_once(uaddr_t buffer, size_t buffer_size) {
    if (buffer_size > ZX_CPRNG_DRAW_MAX_LEN) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint8_t bytes[ZX_CPRNG_DRAW_MAX_LEN];
    cprng_draw(bytes, buffer_size);
    return copy_to_user(buffer, bytes, buffer_size);
}

zx_status_t sys_cprng_add_entropy(uaddr_t buffer, size_t buffer_size) {
    if (buffer_size > ZX_CPRNG_ADD_ENTROPY_MAX_LEN) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint8_t bytes[ZX_CPRNG_ADD_ENTROPY_MAX_LEN];
    zx_status_t status = copy_from_user(bytes, buffer, buffer_size);
    if (status == ZX_OK) {
        cprng_add_entropy(bytes, buffer_size);
    }
    return status;
}

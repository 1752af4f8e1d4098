// Names of processes and threads as users give them.
#pragma once

#include "usercopy.h"

// Reads a name, up to ZX_MAX_NAME_LEN bytes of which all but the last count; INVALID_ARGS for a
// pointer outside user space (null is), even of an empty name, or one that cannot be read.
static inline zx_status_t read_name(uint64_t from, size_t size, char name[ZX_MAX_NAME_LEN]) {
    if (!is_user_address(from)) {
        return ZX_ERR_INVALID_ARGS;
    }
    size = size < ZX_MAX_NAME_LEN ? size : ZX_MAX_NAME_LEN;
    zx_status_t status = copy_from_user(name, from, size);
    name[size < ZX_MAX_NAME_LEN ? size : ZX_MAX_NAME_LEN - 1] = '\0';
    return status;
}

// zx_handle_*.
#include "handle.h"
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_handle_close(zx_handle_t value) {
    if (value == ZX_HANDLE_INVALID) {
        return ZX_OK;
    }
    struct handle* handle = handle_table_remove(process_current()->handles, value);
    if (handle == NULL) {
        return policy_bad_handle();
    }
    handle_destroy(handle);
    return ZX_OK;
}

// The list is read a piece at a time: one that runs off its mapping closes nothing of that piece.
zx_status_t sys_handle_close_many(uaddr_t handles, size_t num_handles) {
    zx_handle_t values[ZX_CHANNEL_MAX_MSG_HANDLES];
    zx_status_t status = ZX_OK;
    for (size_t done = 0; done < num_handles;) {
        size_t count = num_handles - done;
        count = count < ZX_CHANNEL_MAX_MSG_HANDLES ? count : ZX_CHANNEL_MAX_MSG_HANDLES;
        if (copy_from_user(values, handles + done * sizeof(values[0]), count * sizeof(values[0])) !=
            ZX_OK) {
            return ZX_ERR_INVALID_ARGS;
        }
        for (size_t i = 0; i < count; i++) {
            zx_status_t closed = sys_handle_close(values[i]);
            status = closed != ZX_OK ? closed : status;
        }
        done += count;
    }
    return status;
}

// Whether a handle with these rights may give birth to one with those asked for.
static bool rights_allowed(zx_rights_t have, zx_rights_t asked) {
    return asked == ZX_RIGHT_SAME_RIGHTS || (asked & ~have) == 0;
}

zx_status_t sys_handle_duplicate(zx_handle_t value, zx_rights_t rights, uaddr_t out) {
    struct handle* source;
    zx_status_t status = handle_get(value, ZX_OBJ_TYPE_NONE, ZX_RIGHT_DUPLICATE, &source);
    if (status != ZX_OK) {
        return status;
    }
    if (!rights_allowed(source->rights, rights)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (rights == ZX_RIGHT_SAME_RIGHTS) {
        rights = source->rights;
    }
    return handle_make_and_store(source->object, rights, out);
}

// The handle is gone after every outcome but ZX_ERR_BAD_HANDLE.
zx_status_t sys_handle_replace(zx_handle_t value, zx_rights_t rights, uaddr_t out) {
    struct handle* source = handle_table_remove(process_current()->handles, value);
    if (source == NULL) {
        return policy_bad_handle();
    }
    zx_status_t status = ZX_ERR_INVALID_ARGS;
    if (rights_allowed(source->rights, rights)) {
        rights = rights == ZX_RIGHT_SAME_RIGHTS ? source->rights : rights;
        status = handle_make_and_store(source->object, rights, out);
    }
    handle_destroy(source);
    return status;
}

// zx_debuglog_*.
#include "debuglog.h"
#include "process.h"
#include "resource.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

// Writing needs no resource.
zx_status_t sys_debuglog_create(zx_handle_t resource, uint32_t options, uaddr_t out) {
    if (resource != ZX_HANDLE_INVALID || options != 0) {
        zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
        if (status != ZX_OK) {
            return status;
        }
    }
    if (options & ~ZX_LOG_FLAG_READABLE) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct debuglog* log = debuglog_create(options & ZX_LOG_FLAG_READABLE);
    if (log == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_rights_t rights = ZX_DEFAULT_LOG_RIGHTS;
    rights |= options & ZX_LOG_FLAG_READABLE ? ZX_RIGHT_READ : 0;
    return handle_give(debuglog_dispatcher(log), rights, out);
}

zx_status_t sys_debuglog_write(zx_handle_t handle, uint32_t options, uaddr_t buffer,
                               size_t buffer_size) {
    if (options & ~ZX_LOG_LOCAL) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_DEBUGLOG, ZX_RIGHT_WRITE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    char data[ZX_LOG_RECORD_DATA_MAX];
    size_t size = buffer_size < sizeof(data) ? buffer_size : sizeof(data);
    status = size > 0 ? copy_from_user(data, buffer, size) : ZX_OK;
    if (status == ZX_OK) {
        debuglog_write(DEBUGLOG_INFO, (uint8_t)options, data, size);
    }
    return status;
}

// Success is the number of bytes; a record that does not fit is cut.
zx_status_t sys_debuglog_read(zx_handle_t handle, uint32_t options, uaddr_t buffer,
                              size_t buffer_size) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_DEBUGLOG, ZX_RIGHT_READ, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    struct debuglog* log = debuglog_from_dispatcher(object);
    const zx_log_record_t* record;
    status = debuglog_next(log, &record);
    if (status != ZX_OK) {
        return status;
    }
    size_t size = sizeof(*record) + record->datalen;
    size = size < buffer_size ? size : buffer_size;
    status = copy_to_user(buffer, record, size);
    return status == ZX_OK ? (zx_status_t)size : status;
}

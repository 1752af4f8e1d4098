// zx_stream_*.
#include "process.h"
#include "stream.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_stream_create(uint32_t options, zx_handle_t vmo_handle, zx_off_t seek,
                              uaddr_t out) {
    if (options & ~(ZX_STREAM_MODE_READ | ZX_STREAM_MODE_WRITE | ZX_STREAM_MODE_APPEND)) {
        return ZX_ERR_INVALID_ARGS;
    }
    // What the stream may do it may do with the VMO, and its handle says so.
    zx_rights_t rights = (options & ZX_STREAM_MODE_READ ? ZX_RIGHT_READ : 0) |
                         (options & ZX_STREAM_MODE_WRITE ? ZX_RIGHT_WRITE : 0);
    struct dispatcher* object;
    zx_rights_t vmo_rights;
    zx_status_t status =
        handle_get_object(vmo_handle, ZX_OBJ_TYPE_VMO, rights, &object, &vmo_rights);
    if (status != ZX_OK) {
        return status;
    }
    struct stream* stream =
        stream_create(options, vmo_from_dispatcher(object), seek, vmo_rights & ZX_RIGHT_RESIZE);
    if (stream == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(stream_dispatcher(stream), ZX_DEFAULT_STREAM_RIGHTS | rights, out);
}

// What the four calls share: options and vectors are judged before the handle, the vectors'
// contents after it.
static zx_status_t get_stream(zx_handle_t handle, zx_rights_t rights, uint32_t options,
                              uint32_t options_mask, uaddr_t vectors, size_t num_vectors,
                              struct stream** stream, struct user_parts* parts) {
    if ((options & ~options_mask) || vectors == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_STREAM, rights, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    *stream = stream_from_dispatcher(object);
    status = user_parts_init(parts, vectors, num_vectors);
    if (status == ZX_OK) {
        dispatcher_ref(object);
    }
    return status;
}

// What a call that may have waited for pages ends with.
static zx_status_t done(struct stream* stream, zx_status_t status, size_t actual,
                        uaddr_t actual_out) {
    dispatcher_unref(stream_dispatcher(stream));
    return status == ZX_OK ? store_optional_u64(actual_out, actual) : status;
}

zx_status_t sys_stream_readv(zx_handle_t handle, uint32_t options, uaddr_t vectors,
                             size_t num_vectors, uaddr_t actual_out) {
    struct stream* stream;
    struct user_parts parts;
    zx_status_t status =
        get_stream(handle, ZX_RIGHT_READ, options, 0, vectors, num_vectors, &stream, &parts);
    if (status != ZX_OK) {
        return status;
    }
    size_t actual;
    status = stream_read(stream, &parts, &actual);
    return done(stream, status, actual, actual_out);
}

zx_status_t sys_stream_readv_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
                                uaddr_t vectors, size_t num_vectors, uaddr_t actual_out) {
    struct stream* stream;
    struct user_parts parts;
    zx_status_t status =
        get_stream(handle, ZX_RIGHT_READ, options, 0, vectors, num_vectors, &stream, &parts);
    if (status != ZX_OK) {
        return status;
    }
    size_t actual;
    status = stream_read_at(stream, offset, &parts, &actual);
    return done(stream, status, actual, actual_out);
}

zx_status_t sys_stream_writev(zx_handle_t handle, uint32_t options, uaddr_t vectors,
                              size_t num_vectors, uaddr_t actual_out) {
    struct stream* stream;
    struct user_parts parts;
    zx_status_t status = get_stream(handle, ZX_RIGHT_WRITE, options, ZX_STREAM_APPEND, vectors,
                                    num_vectors, &stream, &parts);
    if (status != ZX_OK) {
        return status;
    }
    size_t actual;
    status = stream_write(stream, options & ZX_STREAM_APPEND, &parts, &actual);
    return done(stream, status, actual, actual_out);
}

zx_status_t sys_stream_writev_at(zx_handle_t handle, uint32_t options, zx_off_t offset,
                                 uaddr_t vectors, size_t num_vectors, uaddr_t actual_out) {
    struct stream* stream;
    struct user_parts parts;
    zx_status_t status =
        get_stream(handle, ZX_RIGHT_WRITE, options, 0, vectors, num_vectors, &stream, &parts);
    if (status != ZX_OK) {
        return status;
    }
    size_t actual;
    status = stream_write_at(stream, offset, &parts, &actual);
    return done(stream, status, actual, actual_out);
}

zx_status_t sys_stream_seek(zx_handle_t handle, zx_stream_seek_origin_t whence, int64_t offset,
                            uaddr_t out_seek) {
    struct dispatcher* object;
    zx_rights_t rights;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_STREAM, 0, &object, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (!(rights & (ZX_RIGHT_READ | ZX_RIGHT_WRITE))) {
        return ZX_ERR_ACCESS_DENIED;
    }
    uint64_t seek;
    status = stream_seek(stream_from_dispatcher(object), whence, offset, &seek);
    return status == ZX_OK ? store_optional_u64(out_seek, seek) : status;
}

// The public functions: check that there is an object, then call its operation.

#include "zxio.h"

#include "private.h"
#include "zx/syscalls.h"

// The operation of an object's table, or the default one where the type does not have it.
#define OPERATION(io, member)                                                                      \
    (zxio_get_ops(io)->member != NULL ? zxio_get_ops(io)->member : zxio_default_ops.member)

static bool is_valid(const zxio_t* io) {
    return zxio_get_ops(io) != NULL;
}

// ---- end ------------------------------------------------------------------------------------

// Whatever the operation answers, there is no object afterwards.
zx_status_t zxio_close(zxio_t* io) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    zx_status_t status = OPERATION(io, close)(io);
    zxio_init(io, NULL);
    return status;
}

zx_status_t zxio_release(zxio_t* io, zx_handle_t* out_handle) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, release)(io, out_handle);
}

zx_status_t zxio_borrow(zxio_t* io, zx_handle_t* out_handle) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, borrow)(io, out_handle);
}

zx_status_t zxio_clone(zxio_t* io, zx_handle_t* out_handle) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, clone)(io, out_handle);
}

// ---- waiting --------------------------------------------------------------------------------

// What is reported is the set that was waited for, as the interface has always done.
zx_status_t zxio_wait_one(zxio_t* io, zxio_signals_t signals, zx_time_t deadline,
                          zxio_signals_t* out_observed) {
    if (!is_valid(io)) {
        *out_observed = ZXIO_SIGNAL_NONE;
        return ZX_ERR_BAD_HANDLE;
    }
    zx_handle_t handle = ZX_HANDLE_INVALID;
    zx_signals_t zx_signals = 0;
    zxio_wait_begin(io, signals, &handle, &zx_signals);
    if (handle == ZX_HANDLE_INVALID) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    zx_signals_t observed = 0;
    zx_status_t status = zx_object_wait_one(handle, zx_signals, deadline, &observed);
    if (status != ZX_OK) {
        return status;
    }
    zxio_wait_end(io, zx_signals, out_observed);
    return ZX_OK;
}

void zxio_wait_begin(zxio_t* io, zxio_signals_t zxio_signals, zx_handle_t* out_handle,
                     zx_signals_t* out_zx_signals) {
    if (!is_valid(io)) {
        *out_handle = ZX_HANDLE_INVALID;
        *out_zx_signals = 0;
        return;
    }
    OPERATION(io, wait_begin)(io, zxio_signals, out_handle, out_zx_signals);
}

void zxio_wait_end(zxio_t* io, zx_signals_t zx_signals, zxio_signals_t* out_zxio_signals) {
    if (!is_valid(io)) {
        *out_zxio_signals = ZXIO_SIGNAL_NONE;
        return;
    }
    OPERATION(io, wait_end)(io, zx_signals, out_zxio_signals);
}

// ---- nodes ----------------------------------------------------------------------------------

zx_status_t zxio_sync(zxio_t* io) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, sync)(io);
}

zx_status_t zxio_attr_get(zxio_t* io, zxio_node_attributes_t* out_attr) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, attr_get)(io, out_attr);
}

zx_status_t zxio_attr_set(zxio_t* io, const zxio_node_attributes_t* attr) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, attr_set)(io, attr);
}

zx_status_t zxio_flags_get(zxio_t* io, uint32_t* out_flags) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, flags_get)(io, out_flags);
}

zx_status_t zxio_flags_set(zxio_t* io, uint32_t flags) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, flags_set)(io, flags);
}

// ---- bytes ----------------------------------------------------------------------------------

// One buffer is a vector of one entry.
static zx_iovec_t one_entry(const void* buffer, size_t capacity) {
    return (zx_iovec_t){.buffer = (uint64_t)(uintptr_t)buffer, .capacity = capacity};
}

zx_status_t zxio_read(zxio_t* io, void* buffer, size_t capacity, zxio_flags_t flags,
                      size_t* out_actual) {
    zx_iovec_t vector = one_entry(buffer, capacity);
    return zxio_readv(io, &vector, 1, flags, out_actual);
}

zx_status_t zxio_read_at(zxio_t* io, zx_off_t offset, void* buffer, size_t capacity,
                         zxio_flags_t flags, size_t* out_actual) {
    zx_iovec_t vector = one_entry(buffer, capacity);
    return zxio_readv_at(io, offset, &vector, 1, flags, out_actual);
}

zx_status_t zxio_readv(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                       zxio_flags_t flags, size_t* out_actual) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, readv)(io, vector, vector_count, flags, out_actual);
}

zx_status_t zxio_readv_at(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                          size_t vector_count, zxio_flags_t flags, size_t* out_actual) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, readv_at)(io, offset, vector, vector_count, flags, out_actual);
}

zx_status_t zxio_write(zxio_t* io, const void* buffer, size_t capacity, zxio_flags_t flags,
                       size_t* out_actual) {
    zx_iovec_t vector = one_entry(buffer, capacity);
    return zxio_writev(io, &vector, 1, flags, out_actual);
}

zx_status_t zxio_write_at(zxio_t* io, zx_off_t offset, const void* buffer, size_t capacity,
                          zxio_flags_t flags, size_t* out_actual) {
    zx_iovec_t vector = one_entry(buffer, capacity);
    return zxio_writev_at(io, offset, &vector, 1, flags, out_actual);
}

zx_status_t zxio_writev(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                        zxio_flags_t flags, size_t* out_actual) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, writev)(io, vector, vector_count, flags, out_actual);
}

zx_status_t zxio_writev_at(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                           size_t vector_count, zxio_flags_t flags, size_t* out_actual) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, writev_at)(io, offset, vector, vector_count, flags, out_actual);
}

zx_status_t zxio_seek(zxio_t* io, zxio_seek_origin_t start, int64_t offset, size_t* out_offset) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, seek)(io, start, offset, out_offset);
}

zx_status_t zxio_truncate(zxio_t* io, uint64_t length) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, truncate)(io, length);
}

zx_status_t zxio_vmo_get(zxio_t* io, zxio_vmo_flags_t flags, zx_handle_t* out_vmo) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, vmo_get)(io, flags, out_vmo);
}

zx_status_t zxio_get_read_buffer_available(zxio_t* io, size_t* out_available) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, get_read_buffer_available)(io, out_available);
}

zx_status_t zxio_shutdown(zxio_t* io, zxio_shutdown_options_t options, int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, shutdown)(io, options, out_code);
}

// ---- directories ----------------------------------------------------------------------------

zx_status_t zxio_open(zxio_t* directory, uint32_t flags, uint32_t mode, const char* path,
                      size_t path_len, zxio_storage_t* storage) {
    if (!is_valid(directory)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(directory, open)(directory, flags, mode, path, path_len, storage);
}

// The request is consumed in every case, as the inotify socket and the tokens of rename and link
// are.
zx_status_t zxio_open_async(zxio_t* directory, uint32_t flags, uint32_t mode, const char* path,
                            size_t path_len, zx_handle_t request) {
    if (!is_valid(directory)) {
        zx_handle_close(request);
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(directory, open_async)(directory, flags, mode, path, path_len, request);
}

zx_status_t zxio_add_inotify_filter(zxio_t* io, const char* path, size_t path_len, uint32_t mask,
                                    uint32_t watch_descriptor, zx_handle_t socket) {
    if (!is_valid(io)) {
        zx_handle_close(socket);
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, add_inotify_filter)(io, path, path_len, mask, watch_descriptor, socket);
}

zx_status_t zxio_unlink(zxio_t* directory, const char* name, size_t name_len, int flags) {
    if (!is_valid(directory)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(directory, unlink)(directory, name, name_len, flags);
}

zx_status_t zxio_token_get(zxio_t* io, zx_handle_t* out_token) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, token_get)(io, out_token);
}

zx_status_t zxio_rename(zxio_t* old_directory, const char* old_path, size_t old_path_len,
                        zx_handle_t new_directory_token, const char* new_path,
                        size_t new_path_len) {
    if (!is_valid(old_directory)) {
        zx_handle_close(new_directory_token);
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(old_directory, rename)(old_directory, old_path, old_path_len,
                                            new_directory_token, new_path, new_path_len);
}

zx_status_t zxio_link(zxio_t* src_directory, const char* src_path, size_t src_path_len,
                      zx_handle_t dst_directory_token, const char* dst_path, size_t dst_path_len) {
    if (!is_valid(src_directory)) {
        zx_handle_close(dst_directory_token);
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(src_directory, link)(src_directory, src_path, src_path_len,
                                          dst_directory_token, dst_path, dst_path_len);
}

zx_status_t zxio_dirent_iterator_init(zxio_dirent_iterator_t* iterator, zxio_t* directory) {
    if (!is_valid(directory)) {
        return ZX_ERR_BAD_HANDLE;
    }
    if (iterator == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    return OPERATION(directory, dirent_iterator_init)(directory, iterator);
}

// There has to be an iterator, here and at its end; what counts is whether it has an object.
zx_status_t zxio_dirent_iterator_next(zxio_dirent_iterator_t* iterator,
                                      zxio_dirent_t* inout_entry) {
    if (!is_valid(iterator->io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    if (inout_entry == NULL || inout_entry->name == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    return OPERATION(iterator->io, dirent_iterator_next)(iterator->io, iterator, inout_entry);
}

void zxio_dirent_iterator_destroy(zxio_dirent_iterator_t* iterator) {
    if (!is_valid(iterator->io)) {
        return;
    }
    OPERATION(iterator->io, dirent_iterator_destroy)(iterator->io, iterator);
}

zx_status_t zxio_watch_directory(zxio_t* directory, zxio_watch_directory_cb cb, zx_time_t deadline,
                                 void* context) {
    if (!is_valid(directory)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(directory, watch_directory)(directory, cb, deadline, context);
}

// ---- terminals ------------------------------------------------------------------------------

zx_status_t zxio_isatty(zxio_t* io, bool* tty) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, isatty)(io, tty);
}

zx_status_t zxio_get_window_size(zxio_t* io, uint32_t* width, uint32_t* height) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    if (width == NULL || height == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    return OPERATION(io, get_window_size)(io, width, height);
}

zx_status_t zxio_set_window_size(zxio_t* io, uint32_t width, uint32_t height) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, set_window_size)(io, width, height);
}

zx_status_t zxio_ioctl(zxio_t* io, int request, int16_t* out_code, va_list va) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, ioctl)(io, request, out_code, va);
}

// ---- sockets --------------------------------------------------------------------------------

zx_status_t zxio_bind(zxio_t* io, const struct sockaddr* addr, socklen_t addrlen,
                      int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, bind)(io, addr, addrlen, out_code);
}

zx_status_t zxio_connect(zxio_t* io, const struct sockaddr* addr, socklen_t addrlen,
                         int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, connect)(io, addr, addrlen, out_code);
}

zx_status_t zxio_listen(zxio_t* io, int backlog, int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, listen)(io, backlog, out_code);
}

zx_status_t zxio_accept(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                        zxio_storage_t* out_storage, int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, accept)(io, addr, addrlen, out_storage, out_code);
}

zx_status_t zxio_getsockname(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                             int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, getsockname)(io, addr, addrlen, out_code);
}

zx_status_t zxio_getpeername(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                             int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, getpeername)(io, addr, addrlen, out_code);
}

zx_status_t zxio_getsockopt(zxio_t* io, int level, int optname, void* optval, socklen_t* optlen,
                            int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, getsockopt)(io, level, optname, optval, optlen, out_code);
}

zx_status_t zxio_setsockopt(zxio_t* io, int level, int optname, const void* optval,
                            socklen_t optlen, int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, setsockopt)(io, level, optname, optval, optlen, out_code);
}

zx_status_t zxio_recvmsg(zxio_t* io, struct msghdr* msg, int flags, size_t* out_actual,
                         int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, recvmsg)(io, msg, flags, out_actual, out_code);
}

zx_status_t zxio_sendmsg(zxio_t* io, const struct msghdr* msg, int flags, size_t* out_actual,
                         int16_t* out_code) {
    if (!is_valid(io)) {
        return ZX_ERR_BAD_HANDLE;
    }
    return OPERATION(io, sendmsg)(io, msg, flags, out_actual, out_code);
}

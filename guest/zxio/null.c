// The default object, whose answers every type inherits, and the null object, which reads nothing
// and swallows what is written.

#include "private.h"
#include "vector.h"
#include "zx/syscalls.h"

// ---- the default object, in the order of the ops table --------------------------------------

static zx_status_t default_close(zxio_t* io) {
    (void)io;
    return ZX_OK;
}

// release, borrow and clone
static zx_status_t default_handle(zxio_t* io, zx_handle_t* out_handle) {
    (void)io, (void)out_handle;
    return ZX_ERR_NOT_SUPPORTED;
}

static void default_wait_begin(zxio_t* io, zxio_signals_t zxio_signals, zx_handle_t* out_handle,
                               zx_signals_t* out_zx_signals) {
    (void)io, (void)zxio_signals;
    *out_handle = ZX_HANDLE_INVALID;
    *out_zx_signals = 0;
}

static void default_wait_end(zxio_t* io, zx_signals_t zx_signals,
                             zxio_signals_t* out_zxio_signals) {
    (void)io, (void)zx_signals;
    *out_zxio_signals = ZXIO_SIGNAL_NONE;
}

static zx_status_t default_sync(zxio_t* io) {
    (void)io;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_attr_get(zxio_t* io, zxio_node_attributes_t* out_attr) {
    (void)io, (void)out_attr;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_attr_set(zxio_t* io, const zxio_node_attributes_t* attr) {
    (void)io, (void)attr;
    return ZX_ERR_NOT_SUPPORTED;
}

// readv and writev
static zx_status_t default_vector(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                                  zxio_flags_t flags, size_t* out_actual) {
    (void)io, (void)vector, (void)vector_count, (void)flags, (void)out_actual;
    return ZX_ERR_WRONG_TYPE;
}

// readv_at and writev_at
static zx_status_t default_vector_at(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                                     size_t vector_count, zxio_flags_t flags, size_t* out_actual) {
    (void)io, (void)offset, (void)vector, (void)vector_count, (void)flags, (void)out_actual;
    return ZX_ERR_WRONG_TYPE;
}

static zx_status_t default_seek(zxio_t* io, zxio_seek_origin_t start, int64_t offset,
                                size_t* out_offset) {
    (void)io, (void)start, (void)offset, (void)out_offset;
    return ZX_ERR_WRONG_TYPE;
}

static zx_status_t default_truncate(zxio_t* io, uint64_t length) {
    (void)io, (void)length;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_flags_get(zxio_t* io, uint32_t* out_flags) {
    (void)io, (void)out_flags;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_flags_set(zxio_t* io, uint32_t flags) {
    (void)io, (void)flags;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_vmo_get(zxio_t* io, zxio_vmo_flags_t flags, zx_handle_t* out_vmo) {
    (void)io, (void)flags, (void)out_vmo;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_get_read_buffer_available(zxio_t* io, size_t* out_available) {
    (void)io, (void)out_available;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_shutdown(zxio_t* io, zxio_shutdown_options_t options,
                                    int16_t* out_code) {
    (void)io, (void)options;
    *out_code = ZXIO_ENOTSOCK;
    return ZX_OK;
}

static zx_status_t default_open(zxio_t* io, uint32_t flags, uint32_t mode, const char* path,
                                size_t path_len, zxio_storage_t* storage) {
    (void)io, (void)flags, (void)mode, (void)path, (void)path_len, (void)storage;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_open_async(zxio_t* io, uint32_t flags, uint32_t mode, const char* path,
                                      size_t path_len, zx_handle_t request) {
    (void)io, (void)flags, (void)mode, (void)path, (void)path_len;
    zx_handle_close(request);
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_add_inotify_filter(zxio_t* io, const char* path, size_t path_len,
                                              uint32_t mask, uint32_t watch_descriptor,
                                              zx_handle_t socket) {
    (void)io, (void)path, (void)path_len, (void)mask, (void)watch_descriptor;
    zx_handle_close(socket);
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_unlink(zxio_t* io, const char* name, size_t name_len, int flags) {
    (void)io, (void)name, (void)name_len, (void)flags;
    return ZX_ERR_NOT_SUPPORTED;
}

// rename and link
static zx_status_t default_move(zxio_t* io, const char* old_path, size_t old_path_len,
                                zx_handle_t token, const char* new_path, size_t new_path_len) {
    (void)io, (void)old_path, (void)old_path_len, (void)new_path, (void)new_path_len;
    zx_handle_close(token);
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_dirent_iterator_init(zxio_t* io, zxio_dirent_iterator_t* iterator) {
    iterator->io = io;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_dirent_iterator_next(zxio_t* io, zxio_dirent_iterator_t* iterator,
                                                zxio_dirent_t* inout_entry) {
    (void)io, (void)iterator, (void)inout_entry;
    return ZX_ERR_NOT_SUPPORTED;
}

static void default_dirent_iterator_destroy(zxio_t* io, zxio_dirent_iterator_t* iterator) {
    (void)io;
    iterator->io = NULL;
}

static zx_status_t default_isatty(zxio_t* io, bool* tty) {
    (void)io;
    *tty = false;
    return ZX_OK;
}

static zx_status_t default_get_window_size(zxio_t* io, uint32_t* width, uint32_t* height) {
    (void)io, (void)width, (void)height;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_set_window_size(zxio_t* io, uint32_t width, uint32_t height) {
    (void)io, (void)width, (void)height;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_advisory_lock(zxio_t* io, struct advisory_lock_req* req) {
    (void)io, (void)req;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t default_watch_directory(zxio_t* io, zxio_watch_directory_cb cb,
                                           zx_time_t deadline, void* context) {
    (void)io, (void)cb, (void)deadline, (void)context;
    return ZX_ERR_NOT_SUPPORTED;
}

// Every socket call: what was asked about is not a socket.
static zx_status_t not_a_socket(int16_t* out_code) {
    *out_code = ZXIO_ENOTSOCK;
    return ZX_OK;
}

// bind and connect
static zx_status_t default_address_in(zxio_t* io, const struct sockaddr* addr, socklen_t addrlen,
                                      int16_t* out_code) {
    (void)io, (void)addr, (void)addrlen;
    return not_a_socket(out_code);
}

static zx_status_t default_listen(zxio_t* io, int backlog, int16_t* out_code) {
    (void)io, (void)backlog;
    return not_a_socket(out_code);
}

static zx_status_t default_accept(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                                  zxio_storage_t* out_storage, int16_t* out_code) {
    (void)io, (void)addr, (void)addrlen, (void)out_storage;
    return not_a_socket(out_code);
}

// getsockname and getpeername
static zx_status_t default_address_out(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                                       int16_t* out_code) {
    (void)io, (void)addr, (void)addrlen;
    return not_a_socket(out_code);
}

static zx_status_t default_getsockopt(zxio_t* io, int level, int optname, void* optval,
                                      socklen_t* optlen, int16_t* out_code) {
    (void)io, (void)level, (void)optname, (void)optval, (void)optlen;
    return not_a_socket(out_code);
}

static zx_status_t default_setsockopt(zxio_t* io, int level, int optname, const void* optval,
                                      socklen_t optlen, int16_t* out_code) {
    (void)io, (void)level, (void)optname, (void)optval, (void)optlen;
    return not_a_socket(out_code);
}

static zx_status_t default_recvmsg(zxio_t* io, struct msghdr* msg, int flags, size_t* out_actual,
                                   int16_t* out_code) {
    (void)io, (void)msg, (void)flags, (void)out_actual;
    return not_a_socket(out_code);
}

static zx_status_t default_sendmsg(zxio_t* io, const struct msghdr* msg, int flags,
                                   size_t* out_actual, int16_t* out_code) {
    (void)io, (void)msg, (void)flags, (void)out_actual;
    return not_a_socket(out_code);
}

static zx_status_t default_ioctl(zxio_t* io, int request, int16_t* out_code, va_list va) {
    (void)io, (void)request, (void)va;
    *out_code = ZXIO_ENOTTY;
    return ZX_OK;
}

const zxio_ops_t zxio_default_ops = {
    .close = default_close,
    .release = default_handle,
    .borrow = default_handle,
    .clone = default_handle,
    .wait_begin = default_wait_begin,
    .wait_end = default_wait_end,
    .sync = default_sync,
    .attr_get = default_attr_get,
    .attr_set = default_attr_set,
    .readv = default_vector,
    .readv_at = default_vector_at,
    .writev = default_vector,
    .writev_at = default_vector_at,
    .seek = default_seek,
    .truncate = default_truncate,
    .flags_get = default_flags_get,
    .flags_set = default_flags_set,
    .vmo_get = default_vmo_get,
    .get_read_buffer_available = default_get_read_buffer_available,
    .shutdown = default_shutdown,
    .open = default_open,
    .open_async = default_open_async,
    .add_inotify_filter = default_add_inotify_filter,
    .unlink = default_unlink,
    .token_get = default_handle,
    .rename = default_move,
    .link = default_move,
    .dirent_iterator_init = default_dirent_iterator_init,
    .dirent_iterator_next = default_dirent_iterator_next,
    .dirent_iterator_destroy = default_dirent_iterator_destroy,
    .isatty = default_isatty,
    .get_window_size = default_get_window_size,
    .set_window_size = default_set_window_size,
    .advisory_lock = default_advisory_lock,
    .watch_directory = default_watch_directory,
    .bind = default_address_in,
    .connect = default_address_in,
    .listen = default_listen,
    .accept = default_accept,
    .getsockname = default_address_out,
    .getpeername = default_address_out,
    .getsockopt = default_getsockopt,
    .setsockopt = default_setsockopt,
    .recvmsg = default_recvmsg,
    .sendmsg = default_sendmsg,
    .ioctl = default_ioctl,
};

zx_status_t zxio_default_init(zxio_t* io) {
    zxio_init(io, &zxio_default_ops);
    return ZX_OK;
}

// ---- the null object ------------------------------------------------------------------------

static zx_status_t null_readv(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                              zxio_flags_t flags, size_t* out_actual) {
    (void)io, (void)vector, (void)vector_count;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    *out_actual = 0;
    return ZX_OK;
}

static zx_status_t null_writev(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                               zxio_flags_t flags, size_t* out_actual) {
    (void)io;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    *out_actual = zxio_vector_size(vector, vector_count);
    return ZX_OK;
}

static const zxio_ops_t null_ops = {
    .readv = null_readv,
    .writev = null_writev,
};

zx_status_t zxio_null_init(zxio_t* io) {
    zxio_init(io, &null_ops);
    return ZX_OK;
}

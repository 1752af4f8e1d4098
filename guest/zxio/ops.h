// The table of operations that makes an object what it is.
//
// A type fills in what it supports; a member left NULL answers as the default object does
// (null.c).  Members stand in the order of the interface.

#pragma once

#include "zxio.h"

struct advisory_lock_req;

typedef struct zxio_ops {
    zx_status_t (*close)(zxio_t* io);
    zx_status_t (*release)(zxio_t* io, zx_handle_t* out_handle);
    zx_status_t (*borrow)(zxio_t* io, zx_handle_t* out_handle);
    zx_status_t (*clone)(zxio_t* io, zx_handle_t* out_handle);
    void (*wait_begin)(zxio_t* io, zxio_signals_t zxio_signals, zx_handle_t* out_handle,
                       zx_signals_t* out_zx_signals);
    void (*wait_end)(zxio_t* io, zx_signals_t zx_signals, zxio_signals_t* out_zxio_signals);
    zx_status_t (*sync)(zxio_t* io);
    zx_status_t (*attr_get)(zxio_t* io, zxio_node_attributes_t* out_attr);
    zx_status_t (*attr_set)(zxio_t* io, const zxio_node_attributes_t* attr);
    zx_status_t (*readv)(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                         zxio_flags_t flags, size_t* out_actual);
    zx_status_t (*readv_at)(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                            size_t vector_count, zxio_flags_t flags, size_t* out_actual);
    zx_status_t (*writev)(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                          zxio_flags_t flags, size_t* out_actual);
    zx_status_t (*writev_at)(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                             size_t vector_count, zxio_flags_t flags, size_t* out_actual);
    zx_status_t (*seek)(zxio_t* io, zxio_seek_origin_t start, int64_t offset, size_t* out_offset);
    zx_status_t (*truncate)(zxio_t* io, uint64_t length);
    zx_status_t (*flags_get)(zxio_t* io, uint32_t* out_flags);
    zx_status_t (*flags_set)(zxio_t* io, uint32_t flags);
    zx_status_t (*vmo_get)(zxio_t* io, zxio_vmo_flags_t flags, zx_handle_t* out_vmo);
    zx_status_t (*get_read_buffer_available)(zxio_t* io, size_t* out_available);
    zx_status_t (*shutdown)(zxio_t* io, zxio_shutdown_options_t options, int16_t* out_code);
    zx_status_t (*open)(zxio_t* io, uint32_t flags, uint32_t mode, const char* path,
                        size_t path_len, zxio_storage_t* storage);
    zx_status_t (*open_async)(zxio_t* io, uint32_t flags, uint32_t mode, const char* path,
                              size_t path_len, zx_handle_t request);
    zx_status_t (*add_inotify_filter)(zxio_t* io, const char* path, size_t path_len, uint32_t mask,
                                      uint32_t watch_descriptor, zx_handle_t socket);
    zx_status_t (*unlink)(zxio_t* io, const char* name, size_t name_len, int flags);
    zx_status_t (*token_get)(zxio_t* io, zx_handle_t* out_token);
    zx_status_t (*rename)(zxio_t* io, const char* old_path, size_t old_path_len,
                          zx_handle_t new_directory_token, const char* new_path,
                          size_t new_path_len);
    zx_status_t (*link)(zxio_t* io, const char* src_path, size_t src_path_len,
                        zx_handle_t dst_directory_token, const char* dst_path, size_t dst_path_len);
    zx_status_t (*dirent_iterator_init)(zxio_t* io, zxio_dirent_iterator_t* iterator);
    zx_status_t (*dirent_iterator_next)(zxio_t* io, zxio_dirent_iterator_t* iterator,
                                        zxio_dirent_t* inout_entry);
    void (*dirent_iterator_destroy)(zxio_t* io, zxio_dirent_iterator_t* iterator);
    zx_status_t (*isatty)(zxio_t* io, bool* tty);
    zx_status_t (*get_window_size)(zxio_t* io, uint32_t* width, uint32_t* height);
    zx_status_t (*set_window_size)(zxio_t* io, uint32_t width, uint32_t height);
    zx_status_t (*advisory_lock)(zxio_t* io, struct advisory_lock_req* req);
    zx_status_t (*watch_directory)(zxio_t* io, zxio_watch_directory_cb cb, zx_time_t deadline,
                                   void* context);
    zx_status_t (*bind)(zxio_t* io, const struct sockaddr* addr, socklen_t addrlen,
                        int16_t* out_code);
    zx_status_t (*connect)(zxio_t* io, const struct sockaddr* addr, socklen_t addrlen,
                           int16_t* out_code);
    zx_status_t (*listen)(zxio_t* io, int backlog, int16_t* out_code);
    zx_status_t (*accept)(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                          zxio_storage_t* out_storage, int16_t* out_code);
    zx_status_t (*getsockname)(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                               int16_t* out_code);
    zx_status_t (*getpeername)(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                               int16_t* out_code);
    zx_status_t (*getsockopt)(zxio_t* io, int level, int optname, void* optval, socklen_t* optlen,
                              int16_t* out_code);
    zx_status_t (*setsockopt)(zxio_t* io, int level, int optname, const void* optval,
                              socklen_t optlen, int16_t* out_code);
    zx_status_t (*recvmsg)(zxio_t* io, struct msghdr* msg, int flags, size_t* out_actual,
                           int16_t* out_code);
    zx_status_t (*sendmsg)(zxio_t* io, const struct msghdr* msg, int flags, size_t* out_actual,
                           int16_t* out_code);
    zx_status_t (*ioctl)(zxio_t* io, int request, int16_t* out_code, va_list va);
} zxio_ops_t;

// Make a default and a null object: their tables, nothing else; ZX_OK.
zx_status_t zxio_default_init(zxio_t* io);
zx_status_t zxio_null_init(zxio_t* io);

// Puts an ops table into an object.
static inline void zxio_init(zxio_t* io, const zxio_ops_t* ops) {
    io->reserved[0] = (uint64_t)(uintptr_t)ops;
}

// The ops table of an object; NULL for NULL, a zeroed object and a closed one.
static inline const zxio_ops_t* zxio_get_ops(const zxio_t* io) {
    return io == NULL ? NULL : (const zxio_ops_t*)(uintptr_t)io->reserved[0];
}

// The public interface of the zxio client library, edition of December 2022.
//
// A caller provides a zxio_storage_t, zxio_create fills it with the object that stands for a
// kernel handle, and every other function takes the zxio_t* at its start.  Any thread may call any
// function; the caller keeps zxio_close apart from every other call on the same object.

#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zx/abi.h"

// What the shared library exports; the rest is for those who link the library's objects, and for
// types of their own (ops.h).
#define ZXIO_EXPORT __attribute__((visibility("default")))

typedef uint32_t zxio_flags_t;
#define ZXIO_PEEK ((zxio_flags_t)1u)

typedef uint32_t zxio_vmo_flags_t;
#define ZXIO_VMO_READ ((zxio_vmo_flags_t)1u << 0)
#define ZXIO_VMO_WRITE ((zxio_vmo_flags_t)1u << 1)
#define ZXIO_VMO_EXECUTE ((zxio_vmo_flags_t)1u << 2)
#define ZXIO_VMO_PRIVATE_CLONE ((zxio_vmo_flags_t)1u << 16)
#define ZXIO_VMO_SHARED_BUFFER ((zxio_vmo_flags_t)1u << 17)

typedef uint32_t zxio_signals_t;
#define ZXIO_SIGNAL_NONE ((zxio_signals_t)0u)
#define ZXIO_SIGNAL_READABLE ((zxio_signals_t)1u << 0)
#define ZXIO_SIGNAL_WRITABLE ((zxio_signals_t)1u << 1)
#define ZXIO_SIGNAL_READ_DISABLED ((zxio_signals_t)1u << 2)
#define ZXIO_SIGNAL_WRITE_DISABLED ((zxio_signals_t)1u << 3)
#define ZXIO_SIGNAL_READ_THRESHOLD ((zxio_signals_t)1u << 4)
#define ZXIO_SIGNAL_WRITE_THRESHOLD ((zxio_signals_t)1u << 5)
#define ZXIO_SIGNAL_OUT_OF_BAND ((zxio_signals_t)1u << 6)
#define ZXIO_SIGNAL_ERROR ((zxio_signals_t)1u << 7)
#define ZXIO_SIGNAL_PEER_CLOSED ((zxio_signals_t)1u << 8)

typedef uint32_t zxio_seek_origin_t; // numbers of zx_stream_seek_origin_t

typedef uint32_t zxio_shutdown_options_t;
#define ZXIO_SHUTDOWN_OPTIONS_WRITE ((zxio_shutdown_options_t)1u << 0)
#define ZXIO_SHUTDOWN_OPTIONS_READ ((zxio_shutdown_options_t)1u << 1)
#define ZXIO_SHUTDOWN_OPTIONS_MASK ((zxio_shutdown_options_t)3u)

typedef uint64_t zxio_node_protocols_t;
#define ZXIO_NODE_PROTOCOL_CONNECTOR ((zxio_node_protocols_t)1u << 0)
#define ZXIO_NODE_PROTOCOL_DIRECTORY ((zxio_node_protocols_t)1u << 1)
#define ZXIO_NODE_PROTOCOL_FILE ((zxio_node_protocols_t)1u << 2)

typedef uint64_t zxio_operations_t;
typedef zxio_operations_t zxio_abilities_t;
#define ZXIO_OPERATION_READ_BYTES ((zxio_operations_t)1u << 1)
#define ZXIO_OPERATION_WRITE_BYTES ((zxio_operations_t)1u << 2)
#define ZXIO_OPERATION_EXECUTE ((zxio_operations_t)1u << 3)
#define ZXIO_OPERATION_GET_ATTRIBUTES ((zxio_operations_t)1u << 4)
#define ZXIO_OPERATION_ENUMERATE ((zxio_operations_t)1u << 6)
#define ZXIO_OPERATION_TRAVERSE ((zxio_operations_t)1u << 7)
#define ZXIO_OPERATION_MODIFY_DIRECTORY ((zxio_operations_t)1u << 8)

typedef uint32_t zxio_object_type_t;
#define ZXIO_OBJECT_TYPE_NONE ((zxio_object_type_t)0u)
#define ZXIO_OBJECT_TYPE_NODE ((zxio_object_type_t)1u)
#define ZXIO_OBJECT_TYPE_DIR ((zxio_object_type_t)2u)
#define ZXIO_OBJECT_TYPE_SERVICE ((zxio_object_type_t)3u)
#define ZXIO_OBJECT_TYPE_FILE ((zxio_object_type_t)4u)
#define ZXIO_OBJECT_TYPE_TTY ((zxio_object_type_t)5u)
#define ZXIO_OBJECT_TYPE_VMOFILE ((zxio_object_type_t)6u)
#define ZXIO_OBJECT_TYPE_VMO ((zxio_object_type_t)7u)
#define ZXIO_OBJECT_TYPE_DEBUGLOG ((zxio_object_type_t)8u)
#define ZXIO_OBJECT_TYPE_PIPE ((zxio_object_type_t)9u)
#define ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET ((zxio_object_type_t)10u)
#define ZXIO_OBJECT_TYPE_STREAM_SOCKET ((zxio_object_type_t)11u)
#define ZXIO_OBJECT_TYPE_RAW_SOCKET ((zxio_object_type_t)12u)
#define ZXIO_OBJECT_TYPE_PACKET_SOCKET ((zxio_object_type_t)13u)
#define ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET ((zxio_object_type_t)14u)

// The head of every object: its ops table, zero while there is no object.
typedef struct zxio {
    uint64_t reserved[4];
} zxio_t;

typedef struct zxio_private {
    uint64_t reserved[29];
} zxio_private_t;

typedef struct zxio_storage {
    zxio_t io;
    zxio_private_t reserved;
} zxio_storage_t;

_Static_assert(sizeof(zxio_storage_t) == 264, "zxio_storage_t is part of the interface");

// Attributes of a node; a value counts only where `has` marks it.
typedef struct zxio_node_attr {
    zxio_node_protocols_t protocols;
    zxio_abilities_t abilities;
    uint64_t id;
    uint64_t content_size; // bytes
    uint64_t storage_size; // bytes
    uint64_t link_count;
    uint64_t creation_time;     // ns since the Unix epoch
    uint64_t modification_time; // ns since the Unix epoch
    struct {
        bool protocols;
        bool abilities;
        bool id;
        bool content_size;
        bool storage_size;
        bool link_count;
        bool creation_time;
        bool modification_time;
    } has;
} zxio_node_attributes_t;

_Static_assert(sizeof(zxio_node_attributes_t) == 72, "zxio_node_attributes_t");

// One directory entry; `name` points to the caller's buffer of at least 255 bytes.
typedef struct zxio_dirent {
    zxio_node_protocols_t protocols;
    zxio_abilities_t abilities;
    uint64_t id;
    struct {
        bool protocols;
        bool abilities;
        bool id;
    } has;
    uint8_t name_length;
    char* name;
} zxio_dirent_t;

_Static_assert(sizeof(zxio_dirent_t) == 40, "zxio_dirent_t");

typedef struct zxio_dirent_iterator {
    zxio_t* io;
    uint8_t opaque[65536 + 48];
} zxio_dirent_iterator_t;

typedef uint32_t socklen_t;
struct sockaddr;
struct msghdr;

// Is told of one event in a directory; what it returns, if not ZX_OK, ends the watch.
typedef zx_status_t (*zxio_watch_directory_cb)(uint32_t event, const char* name, void* context);

typedef zx_status_t (*zxio_service_connector)(const char* service_name,
                                              zx_handle_t* provider_handle);
typedef zx_status_t (*zxio_storage_alloc)(zxio_object_type_t type, zxio_storage_t** out_storage,
                                          void** out_context);

// ---- creation and end ---------------------------------------------------------------------

ZXIO_EXPORT zx_status_t zxio_create(zx_handle_t handle, zxio_storage_t* storage);
ZXIO_EXPORT zx_status_t zxio_create_with_on_open(zx_handle_t handle, zxio_storage_t* storage);
ZXIO_EXPORT zx_status_t zxio_create_with_info(zx_handle_t handle,
                                              const zx_info_handle_basic_t* handle_info,
                                              zxio_storage_t* storage);
zx_status_t zxio_create_with_type(zxio_storage_t* storage, zxio_object_type_t type, ...);
ZXIO_EXPORT zx_status_t zxio_socket(zxio_service_connector service_connector, int domain, int type,
                                    int protocol, zxio_storage_alloc allocator, void** out_context,
                                    int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_close(zxio_t* io);
ZXIO_EXPORT zx_status_t zxio_release(zxio_t* io, zx_handle_t* out_handle);
zx_status_t zxio_borrow(zxio_t* io, zx_handle_t* out_handle);
ZXIO_EXPORT zx_status_t zxio_clone(zxio_t* io, zx_handle_t* out_handle);

// ---- waiting ------------------------------------------------------------------------------

ZXIO_EXPORT zx_status_t zxio_wait_one(zxio_t* io, zxio_signals_t signals, zx_time_t deadline,
                                      zxio_signals_t* out_observed);
ZXIO_EXPORT void zxio_wait_begin(zxio_t* io, zxio_signals_t zxio_signals, zx_handle_t* out_handle,
                                 zx_signals_t* out_zx_signals);
ZXIO_EXPORT void zxio_wait_end(zxio_t* io, zx_signals_t zx_signals,
                               zxio_signals_t* out_zxio_signals);

// ---- nodes --------------------------------------------------------------------------------

ZXIO_EXPORT zx_status_t zxio_sync(zxio_t* io);
ZXIO_EXPORT zx_status_t zxio_attr_get(zxio_t* io, zxio_node_attributes_t* out_attr);
ZXIO_EXPORT zx_status_t zxio_attr_set(zxio_t* io, const zxio_node_attributes_t* attr);
ZXIO_EXPORT zx_status_t zxio_flags_get(zxio_t* io, uint32_t* out_flags);
ZXIO_EXPORT zx_status_t zxio_flags_set(zxio_t* io, uint32_t flags);
ZXIO_EXPORT uint32_t zxio_get_posix_mode(zxio_node_protocols_t protocols,
                                         zxio_abilities_t abilities);

// ---- bytes --------------------------------------------------------------------------------

ZXIO_EXPORT zx_status_t zxio_read(zxio_t* io, void* buffer, size_t capacity, zxio_flags_t flags,
                                  size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_read_at(zxio_t* io, zx_off_t offset, void* buffer, size_t capacity,
                                     zxio_flags_t flags, size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_readv(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                                   zxio_flags_t flags, size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_readv_at(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                                      size_t vector_count, zxio_flags_t flags, size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_write(zxio_t* io, const void* buffer, size_t capacity,
                                   zxio_flags_t flags, size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_write_at(zxio_t* io, zx_off_t offset, const void* buffer,
                                      size_t capacity, zxio_flags_t flags, size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_writev(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                                    zxio_flags_t flags, size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_writev_at(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                                       size_t vector_count, zxio_flags_t flags, size_t* out_actual);
ZXIO_EXPORT zx_status_t zxio_seek(zxio_t* io, zxio_seek_origin_t start, int64_t offset,
                                  size_t* out_offset);
ZXIO_EXPORT zx_status_t zxio_truncate(zxio_t* io, uint64_t length);
ZXIO_EXPORT zx_status_t zxio_vmo_get(zxio_t* io, zxio_vmo_flags_t flags, zx_handle_t* out_vmo);
ZXIO_EXPORT zx_status_t zxio_vmo_get_copy(zxio_t* io, zx_handle_t* out_vmo);
ZXIO_EXPORT zx_status_t zxio_vmo_get_clone(zxio_t* io, zx_handle_t* out_vmo);
ZXIO_EXPORT zx_status_t zxio_vmo_get_exact(zxio_t* io, zx_handle_t* out_vmo);
ZXIO_EXPORT zx_status_t zxio_vmo_get_exec(zxio_t* io, zx_handle_t* out_vmo);
ZXIO_EXPORT zx_status_t zxio_get_read_buffer_available(zxio_t* io, size_t* out_available);
ZXIO_EXPORT zx_status_t zxio_shutdown(zxio_t* io, zxio_shutdown_options_t options,
                                      int16_t* out_code);

// ---- directories --------------------------------------------------------------------------

ZXIO_EXPORT zx_status_t zxio_open(zxio_t* directory, uint32_t flags, uint32_t mode,
                                  const char* path, size_t path_len, zxio_storage_t* storage);
ZXIO_EXPORT zx_status_t zxio_open_async(zxio_t* directory, uint32_t flags, uint32_t mode,
                                        const char* path, size_t path_len, zx_handle_t request);
ZXIO_EXPORT zx_status_t zxio_add_inotify_filter(zxio_t* io, const char* path, size_t path_len,
                                                uint32_t mask, uint32_t watch_descriptor,
                                                zx_handle_t socket);
ZXIO_EXPORT zx_status_t zxio_unlink(zxio_t* directory, const char* name, size_t name_len,
                                    int flags);
ZXIO_EXPORT zx_status_t zxio_token_get(zxio_t* io, zx_handle_t* out_token);
ZXIO_EXPORT zx_status_t zxio_rename(zxio_t* old_directory, const char* old_path,
                                    size_t old_path_len, zx_handle_t new_directory_token,
                                    const char* new_path, size_t new_path_len);
ZXIO_EXPORT zx_status_t zxio_link(zxio_t* src_directory, const char* src_path, size_t src_path_len,
                                  zx_handle_t dst_directory_token, const char* dst_path,
                                  size_t dst_path_len);
ZXIO_EXPORT zx_status_t zxio_dirent_iterator_init(zxio_dirent_iterator_t* iterator,
                                                  zxio_t* directory);
ZXIO_EXPORT zx_status_t zxio_dirent_iterator_next(zxio_dirent_iterator_t* iterator,
                                                  zxio_dirent_t* inout_entry);
ZXIO_EXPORT void zxio_dirent_iterator_destroy(zxio_dirent_iterator_t* iterator);
zx_status_t zxio_watch_directory(zxio_t* directory, zxio_watch_directory_cb cb, zx_time_t deadline,
                                 void* context);

// ---- terminals ----------------------------------------------------------------------------

ZXIO_EXPORT zx_status_t zxio_isatty(zxio_t* io, bool* tty);
ZXIO_EXPORT zx_status_t zxio_get_window_size(zxio_t* io, uint32_t* width, uint32_t* height);
ZXIO_EXPORT zx_status_t zxio_set_window_size(zxio_t* io, uint32_t width, uint32_t height);
zx_status_t zxio_ioctl(zxio_t* io, int request, int16_t* out_code, va_list va);

// ---- sockets ------------------------------------------------------------------------------

ZXIO_EXPORT zx_status_t zxio_bind(zxio_t* io, const struct sockaddr* addr, socklen_t addrlen,
                                  int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_connect(zxio_t* io, const struct sockaddr* addr, socklen_t addrlen,
                                     int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_listen(zxio_t* io, int backlog, int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_accept(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                                    zxio_storage_t* out_storage, int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_getsockname(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                                         int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_getpeername(zxio_t* io, struct sockaddr* addr, socklen_t* addrlen,
                                         int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_getsockopt(zxio_t* io, int level, int optname, void* optval,
                                        socklen_t* optlen, int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_setsockopt(zxio_t* io, int level, int optname, const void* optval,
                                        socklen_t optlen, int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_recvmsg(zxio_t* io, struct msghdr* msg, int flags, size_t* out_actual,
                                     int16_t* out_code);
ZXIO_EXPORT zx_status_t zxio_sendmsg(zxio_t* io, const struct msghdr* msg, int flags,
                                     size_t* out_actual, int16_t* out_code);

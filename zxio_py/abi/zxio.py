"""The public functions of the zxio client library, edition of December 2022.

The same vocabulary as for system calls, kept apart from them: `ZXIO_CALLS` is not part of
`zxio_py.abi.CALLS`.  Functions marked ``internal`` are public in a header but not exported by
libzxio_standalone.so.
"""

from __future__ import annotations

from collections.abc import Mapping

from zxio_py.abi.model import Call, Field, Param, Struct

# zxio_signals_t.
ZXIO_SIGNAL_NONE = 0
ZXIO_SIGNAL_READABLE = 1
ZXIO_SIGNAL_WRITABLE = 2
ZXIO_SIGNAL_READ_DISABLED = 4
ZXIO_SIGNAL_WRITE_DISABLED = 8
ZXIO_SIGNAL_READ_THRESHOLD = 16
ZXIO_SIGNAL_WRITE_THRESHOLD = 32
ZXIO_SIGNAL_OUT_OF_BAND = 64
ZXIO_SIGNAL_ERROR = 128
ZXIO_SIGNAL_PEER_CLOSED = 256
ZXIO_SIGNAL_ALL = 511

# zxio_flags_t.
ZXIO_PEEK = 1

# zxio_vmo_flags_t.
ZXIO_VMO_READ = 1
ZXIO_VMO_WRITE = 2
ZXIO_VMO_EXECUTE = 4
ZXIO_VMO_PRIVATE_CLONE = 0x10000
ZXIO_VMO_SHARED_BUFFER = 0x20000

# zxio_seek_origin_t, equal to zx_stream_seek_origin_t.
ZXIO_SEEK_ORIGIN_START = 0
ZXIO_SEEK_ORIGIN_CURRENT = 1
ZXIO_SEEK_ORIGIN_END = 2

# zxio_shutdown_options_t.
ZXIO_SHUTDOWN_OPTIONS_WRITE = 1
ZXIO_SHUTDOWN_OPTIONS_READ = 2
ZXIO_SHUTDOWN_OPTIONS_MASK = 3

# zxio_node_protocols_t.
ZXIO_NODE_PROTOCOL_NONE = 0
ZXIO_NODE_PROTOCOL_CONNECTOR = 1
ZXIO_NODE_PROTOCOL_DIRECTORY = 2
ZXIO_NODE_PROTOCOL_FILE = 4

# zxio_operations_t, also zxio_abilities_t and zxio_rights_t.
ZXIO_OPERATION_NONE = 0
ZXIO_OPERATION_CONNECT = 1
ZXIO_OPERATION_READ_BYTES = 2
ZXIO_OPERATION_WRITE_BYTES = 4
ZXIO_OPERATION_EXECUTE = 8
ZXIO_OPERATION_GET_ATTRIBUTES = 16
ZXIO_OPERATION_UPDATE_ATTRIBUTES = 32
ZXIO_OPERATION_ENUMERATE = 64
ZXIO_OPERATION_TRAVERSE = 128
ZXIO_OPERATION_MODIFY_DIRECTORY = 256

# zxio_object_type_t.
ZXIO_OBJECT_TYPE_NONE = 0
ZXIO_OBJECT_TYPE_NODE = 1
ZXIO_OBJECT_TYPE_DIR = 2
ZXIO_OBJECT_TYPE_SERVICE = 3
ZXIO_OBJECT_TYPE_FILE = 4
ZXIO_OBJECT_TYPE_TTY = 5
ZXIO_OBJECT_TYPE_VMOFILE = 6
ZXIO_OBJECT_TYPE_VMO = 7
ZXIO_OBJECT_TYPE_DEBUGLOG = 8
ZXIO_OBJECT_TYPE_PIPE = 9
ZXIO_OBJECT_TYPE_SYNCHRONOUS_DATAGRAM_SOCKET = 10
ZXIO_OBJECT_TYPE_STREAM_SOCKET = 11
ZXIO_OBJECT_TYPE_RAW_SOCKET = 12
ZXIO_OBJECT_TYPE_PACKET_SOCKET = 13
ZXIO_OBJECT_TYPE_DATAGRAM_SOCKET = 14

# zxio_watch_directory_event_t.
ZXIO_WATCH_EVENT_ADD_FILE = 1
ZXIO_WATCH_EVENT_REMOVE_FILE = 2
ZXIO_WATCH_EVENT_WAITING = 3

# The type in an advisory_lock_req.
ADVISORY_LOCK_SHARED = 1
ADVISORY_LOCK_EXCLUSIVE = 2
ADVISORY_LOCK_UNLOCK = 4

# Limits and sizes, in bytes.
ZXIO_MAX_FILENAME = 255
ZXIO_STORAGE_SIZE = 264
ZXIO_DIRENT_ITERATOR_SIZE = 65592

# Values of out_code: errno as zxio's callers define it.
ZXIO_ENOTTY = 25
ZXIO_ENOTSOCK = 88

#: Records that zxio's callers own.
ZXIO_STRUCTS: Mapping[str, Struct] = {
    struct.name: struct
    for struct in (
        Struct(
            "zxio_t",
            32,
            8,
            (
                Field("ops", 0, 8),
                Field("reserved", 8, 24),
            ),
        ),
        Struct(
            "zxio_storage_t",
            264,
            8,
            (
                Field("io", 0, 32),
                Field("reserved", 32, 232),
            ),
        ),
        Struct(
            "zxio_node_attributes_t",
            72,
            8,
            (
                Field("protocols", 0, 8),
                Field("abilities", 8, 8),
                Field("id", 16, 8),
                Field("content_size", 24, 8),
                Field("storage_size", 32, 8),
                Field("link_count", 40, 8),
                Field("creation_time", 48, 8),
                Field("modification_time", 56, 8),
                Field("has.protocols", 64, 1),
                Field("has.abilities", 65, 1),
                Field("has.id", 66, 1),
                Field("has.content_size", 67, 1),
                Field("has.storage_size", 68, 1),
                Field("has.link_count", 69, 1),
                Field("has.creation_time", 70, 1),
                Field("has.modification_time", 71, 1),
            ),
        ),
        Struct(
            "zxio_dirent_t",
            40,
            8,
            (
                Field("protocols", 0, 8),
                Field("abilities", 8, 8),
                Field("id", 16, 8),
                Field("has.protocols", 24, 1),
                Field("has.abilities", 25, 1),
                Field("has.id", 26, 1),
                Field("name_length", 27, 1),
                Field("padding1", 28, 4),
                Field("name", 32, 8),
            ),
        ),
        Struct(
            "zxio_dirent_iterator_t",
            65592,
            8,
            (
                Field("io", 0, 8),
                Field("opaque", 8, 65584),
            ),
        ),
    )
}

_PRIVATE = frozenset({"internal"})

_CALLS = (
    Call(
        "zxio_create",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="release"),
            Param("storage", "zxio_storage_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_create_with_on_open",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="release"),
            Param("storage", "zxio_storage_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_create_with_info",
        "zx_status_t",
        (
            Param("handle", "zx_handle_t", handle="release"),
            Param("handle_info", "const zx_info_handle_basic_t*"),
            Param("storage", "zxio_storage_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_create_with_type",
        "zx_status_t",
        (
            Param("storage", "zxio_storage_t*", "out"),
            Param("type", "zxio_object_type_t"),
        ),
        attributes=_PRIVATE | {"variadic"},
        category="zxio",
    ),
    Call("zxio_close", "zx_status_t", (Param("io", "zxio_t*", "inout"),), category="zxio"),
    Call(
        "zxio_release",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_borrow",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_handle", "zx_handle_t*", "out"),
        ),
        attributes=_PRIVATE,
        category="zxio",
    ),
    Call(
        "zxio_clone",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_handle", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_wait_one",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("signals", "zxio_signals_t"),
            Param("deadline", "zx_time_t"),
            Param("out_observed", "zxio_signals_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_wait_begin",
        "void",
        (
            Param("io", "zxio_t*", "inout"),
            Param("zxio_signals", "zxio_signals_t"),
            Param("out_handle", "zx_handle_t*", "out"),
            Param("out_zx_signals", "zx_signals_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_wait_end",
        "void",
        (
            Param("io", "zxio_t*", "inout"),
            Param("zx_signals", "zx_signals_t"),
            Param("out_zxio_signals", "zxio_signals_t*", "out"),
        ),
        category="zxio",
    ),
    Call("zxio_sync", "zx_status_t", (Param("io", "zxio_t*", "inout"),), category="zxio"),
    Call(
        "zxio_attr_get",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_attr", "zxio_node_attributes_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_attr_set",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("attr", "const zxio_node_attributes_t*"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_read",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("buffer", "void*", "out", count="capacity"),
            Param("capacity", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_read_at",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("offset", "zx_off_t"),
            Param("buffer", "void*", "out", count="capacity"),
            Param("capacity", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_readv",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("vector", "const zx_iovec_t*", count="vector_count"),
            Param("vector_count", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_readv_at",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("offset", "zx_off_t"),
            Param("vector", "const zx_iovec_t*", count="vector_count"),
            Param("vector_count", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_write",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("buffer", "const void*", count="capacity"),
            Param("capacity", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_write_at",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("offset", "zx_off_t"),
            Param("buffer", "const void*", count="capacity"),
            Param("capacity", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_writev",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("vector", "const zx_iovec_t*", count="vector_count"),
            Param("vector_count", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_writev_at",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("offset", "zx_off_t"),
            Param("vector", "const zx_iovec_t*", count="vector_count"),
            Param("vector_count", "size_t"),
            Param("flags", "zxio_flags_t"),
            Param("out_actual", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_seek",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("start", "zxio_seek_origin_t"),
            Param("offset", "int64_t"),
            Param("out_offset", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_truncate",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("length", "uint64_t"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_flags_get",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_flags", "uint32_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_flags_set",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("flags", "uint32_t"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_token_get",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_token", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_vmo_get",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("flags", "zxio_vmo_flags_t"),
            Param("out_vmo", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_vmo_get_copy",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_vmo", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_vmo_get_clone",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_vmo", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_vmo_get_exact",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_vmo", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_vmo_get_exec",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_vmo", "zx_handle_t*", "out", handle="acquire"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_get_read_buffer_available",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("out_available", "size_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_shutdown",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("options", "zxio_shutdown_options_t"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_open",
        "zx_status_t",
        (
            Param("directory", "zxio_t*", "inout"),
            Param("flags", "uint32_t"),
            Param("mode", "uint32_t"),
            Param("path", "const char*", count="path_len"),
            Param("path_len", "size_t"),
            Param("storage", "zxio_storage_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_open_async",
        "zx_status_t",
        (
            Param("directory", "zxio_t*", "inout"),
            Param("flags", "uint32_t"),
            Param("mode", "uint32_t"),
            Param("path", "const char*", count="path_len"),
            Param("path_len", "size_t"),
            Param("request", "zx_handle_t", handle="release"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_add_inotify_filter",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("path", "const char*", count="path_len"),
            Param("path_len", "size_t"),
            Param("mask", "uint32_t"),
            Param("watch_descriptor", "uint32_t"),
            Param("socket", "zx_handle_t", handle="release"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_unlink",
        "zx_status_t",
        (
            Param("directory", "zxio_t*", "inout"),
            Param("name", "const char*", count="name_len"),
            Param("name_len", "size_t"),
            Param("flags", "int"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_rename",
        "zx_status_t",
        (
            Param("old_directory", "zxio_t*", "inout"),
            Param("old_path", "const char*", count="old_path_len"),
            Param("old_path_len", "size_t"),
            Param("new_directory_token", "zx_handle_t", handle="release"),
            Param("new_path", "const char*", count="new_path_len"),
            Param("new_path_len", "size_t"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_link",
        "zx_status_t",
        (
            Param("src_directory", "zxio_t*", "inout"),
            Param("src_path", "const char*", count="src_path_len"),
            Param("src_path_len", "size_t"),
            Param("dst_directory_token", "zx_handle_t", handle="release"),
            Param("dst_path", "const char*", count="dst_path_len"),
            Param("dst_path_len", "size_t"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_dirent_iterator_init",
        "zx_status_t",
        (
            Param("iterator", "zxio_dirent_iterator_t*", "inout"),
            Param("directory", "zxio_t*", "inout"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_dirent_iterator_next",
        "zx_status_t",
        (
            Param("iterator", "zxio_dirent_iterator_t*", "inout"),
            Param("inout_entry", "zxio_dirent_t*", "inout"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_dirent_iterator_destroy",
        "void",
        (Param("iterator", "zxio_dirent_iterator_t*", "inout"),),
        category="zxio",
    ),
    Call(
        "zxio_isatty",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("tty", "bool*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_get_window_size",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("width", "uint32_t*", "out"),
            Param("height", "uint32_t*", "out"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_set_window_size",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("width", "uint32_t"),
            Param("height", "uint32_t"),
        ),
        category="zxio",
    ),
    Call(
        "zxio_ioctl",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("request", "int"),
            Param("out_code", "int16_t*", "out"),
            Param("va", "va_list"),
        ),
        attributes=_PRIVATE,
        category="zxio",
    ),
    Call(
        "zxio_socket",
        "zx_status_t",
        (
            Param("service_connector", "zxio_service_connector"),
            Param("domain", "int"),
            Param("type", "int"),
            Param("protocol", "int"),
            Param("allocator", "zxio_storage_alloc"),
            Param("out_context", "void**", "out"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_bind",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("addr", "const struct sockaddr*", count="addrlen"),
            Param("addrlen", "socklen_t"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_connect",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("addr", "const struct sockaddr*", count="addrlen"),
            Param("addrlen", "socklen_t"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_listen",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("backlog", "int"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_accept",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("addr", "struct sockaddr*", "out", count="addrlen"),
            Param("addrlen", "socklen_t*", "inout"),
            Param("out_storage", "zxio_storage_t*", "out"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_getsockname",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("addr", "struct sockaddr*", "out", count="addrlen"),
            Param("addrlen", "socklen_t*", "inout"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_getpeername",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("addr", "struct sockaddr*", "out", count="addrlen"),
            Param("addrlen", "socklen_t*", "inout"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_getsockopt",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("level", "int"),
            Param("optname", "int"),
            Param("optval", "void*", "out", count="optlen"),
            Param("optlen", "socklen_t*", "inout"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_setsockopt",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("level", "int"),
            Param("optname", "int"),
            Param("optval", "const void*", count="optlen"),
            Param("optlen", "socklen_t"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_recvmsg",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("msg", "struct msghdr*", "inout"),
            Param("flags", "int"),
            Param("out_actual", "size_t*", "out"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_sendmsg",
        "zx_status_t",
        (
            Param("io", "zxio_t*", "inout"),
            Param("msg", "const struct msghdr*"),
            Param("flags", "int"),
            Param("out_actual", "size_t*", "out"),
            Param("out_code", "int16_t*", "out"),
        ),
        category="bsdsocket",
    ),
    Call(
        "zxio_watch_directory",
        "zx_status_t",
        (
            Param("directory", "zxio_t*", "inout"),
            Param("cb", "zxio_watch_directory_cb"),
            Param("deadline", "zx_time_t"),
            Param("context", "void*"),
        ),
        attributes=_PRIVATE,
        category="watcher",
    ),
    Call(
        "zxio_get_posix_mode",
        "uint32_t",
        (
            Param("protocols", "zxio_node_protocols_t"),
            Param("abilities", "zxio_abilities_t"),
        ),
        category="posix_mode",
    ),
    Call(
        "zxio_default_init",
        "zx_status_t",
        (Param("io", "zxio_t*", "inout"),),
        attributes=_PRIVATE,
        category="null",
    ),
    Call(
        "zxio_null_init",
        "zx_status_t",
        (Param("io", "zxio_t*", "inout"),),
        attributes=_PRIVATE,
        category="null",
    ),
    Call(
        "zxio_init",
        "void",
        (
            Param("io", "zxio_t*", "inout"),
            Param("ops", "const zxio_ops_t*"),
        ),
        attributes=_PRIVATE,
        category="ops",
    ),
    Call(
        "zxio_get_ops",
        "const zxio_ops_t*",
        (Param("io", "zxio_t*", "inout"),),
        attributes=_PRIVATE,
        category="ops",
    ),
)

#: Every public C function by name, in the order of the headers.
ZXIO_CALLS: Mapping[str, Call] = {call.name: call for call in _CALLS}

#: Every constant by name.
ZXIO_CONSTANTS: Mapping[str, int] = {
    name: value for name, value in globals().items() if name.isupper() and isinstance(value, int)
}

#: Members of the ops table in order; recvmsg and sendmsg, which the library of this edition
#: exports although its stored ops.h does not have them yet, stand where later editions put them.
OPS = (
    "close release borrow clone wait_begin wait_end sync attr_get attr_set readv readv_at writev "
    "writev_at seek truncate flags_get flags_set vmo_get get_read_buffer_available shutdown open "
    "open_async add_inotify_filter unlink token_get rename link dirent_iterator_init "
    "dirent_iterator_next dirent_iterator_destroy isatty get_window_size set_window_size "
    "advisory_lock watch_directory bind connect listen accept getsockname getpeername getsockopt "
    "setsockopt recvmsg sendmsg ioctl"
).split()

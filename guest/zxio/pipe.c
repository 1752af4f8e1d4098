// A kernel socket as an object: both ends of a byte stream, or of a sequence of datagrams.

#include "libc/libc.h"
#include "private.h"
#include "vector.h"
#include "zx/syscalls.h"

struct pipe {
    zxio_t io;
    zx_handle_t socket; // zero once released
    bool datagram;
};

_Static_assert(sizeof(struct pipe) <= sizeof(zxio_storage_t), "does not fit");

static zx_status_t pipe_close(zxio_t* io) {
    struct pipe* pipe = (struct pipe*)io;
    zx_handle_close(pipe->socket);
    return ZX_OK;
}

// A second release gives the invalid handle, and ZX_OK.
static zx_status_t pipe_release(zxio_t* io, zx_handle_t* out_handle) {
    struct pipe* pipe = (struct pipe*)io;
    *out_handle = zxio_take_handle(&pipe->socket);
    return ZX_OK;
}

static zx_status_t pipe_clone(zxio_t* io, zx_handle_t* out_handle) {
    struct pipe* pipe = (struct pipe*)io;
    zx_handle_t handle;
    zx_status_t status = zx_handle_duplicate(pipe->socket, ZX_RIGHT_SAME_RIGHTS, &handle);
    if (status == ZX_OK) {
        *out_handle = handle;
    }
    return status;
}

// Generic signals and the socket's; OUT_OF_BAND and ERROR have no counterpart.
static const struct {
    zxio_signals_t zxio;
    zx_signals_t zx;
} pipe_signals[] = {
    {ZXIO_SIGNAL_READABLE, ZX_SOCKET_READABLE},
    {ZXIO_SIGNAL_WRITABLE, ZX_SOCKET_WRITABLE},
    {ZXIO_SIGNAL_READ_DISABLED, ZX_SOCKET_PEER_WRITE_DISABLED},
    {ZXIO_SIGNAL_WRITE_DISABLED, ZX_SOCKET_WRITE_DISABLED},
    {ZXIO_SIGNAL_READ_THRESHOLD, ZX_SOCKET_READ_THRESHOLD},
    {ZXIO_SIGNAL_WRITE_THRESHOLD, ZX_SOCKET_WRITE_THRESHOLD},
    {ZXIO_SIGNAL_PEER_CLOSED, ZX_SOCKET_PEER_CLOSED},
};

#define PIPE_SIGNAL_COUNT (sizeof(pipe_signals) / sizeof(pipe_signals[0]))

static void pipe_wait_begin(zxio_t* io, zxio_signals_t zxio_signals, zx_handle_t* out_handle,
                            zx_signals_t* out_zx_signals) {
    struct pipe* pipe = (struct pipe*)io;
    zx_signals_t signals = 0;
    for (size_t i = 0; i < PIPE_SIGNAL_COUNT; i++) {
        if (zxio_signals & pipe_signals[i].zxio) {
            signals |= pipe_signals[i].zx;
        }
    }
    *out_handle = pipe->socket;
    *out_zx_signals = signals;
}

static void pipe_wait_end(zxio_t* io, zx_signals_t zx_signals, zxio_signals_t* out_zxio_signals) {
    (void)io;
    zxio_signals_t signals = 0;
    for (size_t i = 0; i < PIPE_SIGNAL_COUNT; i++) {
        if (zx_signals & pipe_signals[i].zx) {
            signals |= pipe_signals[i].zxio;
        }
    }
    *out_zxio_signals = signals;
}

static zx_status_t pipe_attr_get(zxio_t* io, zxio_node_attributes_t* out_attr) {
    (void)io;
    memset(out_attr, 0, sizeof(*out_attr));
    out_attr->abilities =
        ZXIO_OPERATION_READ_BYTES | ZXIO_OPERATION_WRITE_BYTES | ZXIO_OPERATION_GET_ATTRIBUTES;
    out_attr->has.abilities = true;
    return ZX_OK;
}

static zx_status_t read_entry(void* context, void* buffer, size_t capacity, size_t* out_actual) {
    struct pipe* pipe = context;
    return zx_socket_read(pipe->socket, 0, buffer, capacity, out_actual);
}

struct received {
    const char* bytes;
    size_t left;
};

static zx_status_t take_entry(void* context, void* buffer, size_t capacity, size_t* out_actual) {
    struct received* received = context;
    size_t size = capacity < received->left ? capacity : received->left;
    memcpy(buffer, received->bytes, size);
    received->bytes += size;
    received->left -= size;
    *out_actual = size;
    return ZX_OK;
}

// One read of the total size, then spread over the entries: a vector takes one datagram.
static zx_status_t read_scattered(struct pipe* pipe, const zx_iovec_t* vector, size_t vector_count,
                                  uint32_t options, size_t* out_actual) {
    size_t total = zxio_vector_size(vector, vector_count);
    char* bytes = malloc(total);
    if (bytes == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    size_t actual = 0;
    zx_status_t status = zx_socket_read(pipe->socket, options, bytes, total, &actual);
    if (status == ZX_OK) {
        struct received received = {.bytes = bytes, .left = actual};
        status = zxio_do_vector(vector, vector_count, out_actual, &received, take_entry);
    }
    free(bytes);
    return status;
}

static zx_status_t pipe_readv(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                              zxio_flags_t flags, size_t* out_actual) {
    struct pipe* pipe = (struct pipe*)io;
    if (flags & ~ZXIO_PEEK) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (pipe->datagram || flags != 0) {
        uint32_t options = flags & ZXIO_PEEK ? ZX_SOCKET_PEEK : 0;
        return read_scattered(pipe, vector, vector_count, options, out_actual);
    }
    return zxio_do_vector(vector, vector_count, out_actual, pipe, read_entry);
}

static zx_status_t write_entry(void* context, void* buffer, size_t capacity, size_t* out_actual) {
    struct pipe* pipe = context;
    return zx_socket_write(pipe->socket, 0, buffer, capacity, out_actual);
}

// One write of all entries put together: a vector makes one datagram.  The kernel itself tells the
// caller how many bytes moved.
static zx_status_t write_gathered(struct pipe* pipe, const zx_iovec_t* vector, size_t vector_count,
                                  size_t* out_actual) {
    size_t total = zxio_vector_size(vector, vector_count);
    char* bytes = malloc(total);
    if (bytes == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    size_t done = 0;
    for (size_t i = 0; i < vector_count; i++) {
        memcpy(bytes + done, (const void*)(uintptr_t)vector[i].buffer, vector[i].capacity);
        done += vector[i].capacity;
    }
    zx_status_t status = zx_socket_write(pipe->socket, 0, bytes, total, out_actual);
    free(bytes);
    return status;
}

static zx_status_t pipe_writev(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                               zxio_flags_t flags, size_t* out_actual) {
    struct pipe* pipe = (struct pipe*)io;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (pipe->datagram) {
        return write_gathered(pipe, vector, vector_count, out_actual);
    }
    return zxio_do_vector(vector, vector_count, out_actual, pipe, write_entry);
}

static zx_status_t pipe_get_read_buffer_available(zxio_t* io, size_t* out_available) {
    struct pipe* pipe = (struct pipe*)io;
    if (out_available == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_info_socket_t info;
    zx_status_t status =
        zx_object_get_info(pipe->socket, ZX_INFO_SOCKET, &info, sizeof(info), NULL, NULL);
    if (status == ZX_OK) {
        *out_available = info.rx_buf_available;
    }
    return status;
}

// Not reading any more means that the other end may not write any more.
static zx_status_t pipe_shutdown(zxio_t* io, zxio_shutdown_options_t options, int16_t* out_code) {
    struct pipe* pipe = (struct pipe*)io;
    if (options & ~ZXIO_SHUTDOWN_OPTIONS_MASK) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint32_t own = options & ZXIO_SHUTDOWN_OPTIONS_WRITE ? ZX_SOCKET_DISPOSITION_WRITE_DISABLED : 0;
    uint32_t peer = options & ZXIO_SHUTDOWN_OPTIONS_READ ? ZX_SOCKET_DISPOSITION_WRITE_DISABLED : 0;
    *out_code = 0;
    return zx_socket_set_disposition(pipe->socket, own, peer);
}

static const zxio_ops_t pipe_ops = {
    .close = pipe_close,
    .release = pipe_release,
    .clone = pipe_clone,
    .wait_begin = pipe_wait_begin,
    .wait_end = pipe_wait_end,
    .attr_get = pipe_attr_get,
    .readv = pipe_readv,
    .writev = pipe_writev,
    .get_read_buffer_available = pipe_get_read_buffer_available,
    .shutdown = pipe_shutdown,
};

void zxio_pipe_init(zxio_storage_t* storage, zx_handle_t socket, const zx_info_socket_t* info) {
    struct pipe* pipe = (struct pipe*)storage;
    zxio_init(&pipe->io, &pipe_ops);
    pipe->socket = socket;
    pipe->datagram = (info->options & ZX_SOCKET_DATAGRAM) != 0;
}

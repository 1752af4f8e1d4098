// The kernel's debug log as a line-buffered, write-only object.

#include "libc/libc.h"
#include "private.h"
#include "vector.h"
#include "zx/syscalls.h"

struct debuglog {
    zxio_t io;
    zx_handle_t handle;
    pthread_mutex_t lock; // covers what follows
    char* line;           // ZX_LOG_RECORD_DATA_MAX bytes, made at the first write
    size_t pending;       // bytes of the line so far
};

_Static_assert(sizeof(struct debuglog) <= sizeof(zxio_storage_t), "does not fit");

// A lock that cannot be taken or given back means that somebody wrote over the object.
static void acquire(struct debuglog* log) {
    if (pthread_mutex_lock(&log->lock) != 0) {
        __zx_panic("zxio: cannot lock a debuglog object\n");
    }
}

static void give_back(struct debuglog* log) {
    if (pthread_mutex_unlock(&log->lock) != 0) {
        __zx_panic("zxio: cannot unlock a debuglog object\n");
    }
}

static zx_status_t debuglog_close(zxio_t* io) {
    struct debuglog* log = (struct debuglog*)io;
    pthread_mutex_destroy(&log->lock);
    free(log->line);
    zx_handle_close(log->handle);
    return ZX_OK;
}

// Without a duplicate there is the invalid handle.
static zx_status_t debuglog_clone(zxio_t* io, zx_handle_t* out_handle) {
    struct debuglog* log = (struct debuglog*)io;
    zx_handle_t handle = ZX_HANDLE_INVALID;
    zx_status_t status = zx_handle_duplicate(log->handle, ZX_RIGHT_SAME_RIGHTS, &handle);
    *out_handle = handle;
    return status;
}

// Writes the pending bytes as one record; they are gone even if that fails.
static zx_status_t flush(struct debuglog* log) {
    size_t pending = log->pending;
    log->pending = 0;
    return zx_debuglog_write(log->handle, 0, log->line, pending);
}

// Adds one byte to the line: newline ends it, other control characters are dropped.
static zx_status_t put(struct debuglog* log, unsigned char byte) {
    if (byte == '\n') {
        return flush(log);
    }
    if (byte < ' ') {
        return ZX_OK;
    }
    log->line[log->pending++] = (char)byte;
    return log->pending == ZX_LOG_RECORD_DATA_MAX ? flush(log) : ZX_OK;
}

// An entry of nothing at no address is how libc's streams ask for a flush.
static zx_status_t write_entry(void* context, void* buffer, size_t capacity, size_t* out_actual) {
    struct debuglog* log = context;
    const unsigned char* bytes = buffer;
    if (bytes == NULL && capacity == 0) {
        zx_status_t status = flush(log);
        if (status != ZX_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < capacity; i++) {
        zx_status_t status = put(log, bytes[i]);
        if (status != ZX_OK) {
            return status;
        }
    }
    *out_actual = capacity;
    return ZX_OK;
}

// Bytes without a newline stay in the line; closing does not write them.
static zx_status_t debuglog_writev(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                                   zxio_flags_t flags, size_t* out_actual) {
    struct debuglog* log = (struct debuglog*)io;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    acquire(log);
    if (log->line == NULL) {
        log->line = malloc(ZX_LOG_RECORD_DATA_MAX);
    }
    zx_status_t status = ZX_ERR_NO_MEMORY;
    if (log->line != NULL) {
        status = zxio_do_vector(vector, vector_count, out_actual, log, write_entry);
    }
    give_back(log);
    return status;
}

static zx_status_t debuglog_isatty(zxio_t* io, bool* tty) {
    (void)io;
    *tty = true;
    return ZX_OK;
}

static const zxio_ops_t debuglog_ops = {
    .close = debuglog_close,
    .clone = debuglog_clone,
    .writev = debuglog_writev,
    .isatty = debuglog_isatty,
};

void zxio_debuglog_init(zxio_storage_t* storage, zx_handle_t handle) {
    struct debuglog* log = (struct debuglog*)storage;
    zxio_init(&log->io, &debuglog_ops);
    log->handle = handle;
    pthread_mutex_init(&log->lock, NULL);
    log->line = NULL;
    log->pending = 0;
}

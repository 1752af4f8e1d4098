// Streams.
#include "stream.h"

#include "heap.h"
#include "usercopy.h"

struct stream {
    struct dispatcher object; // first
    struct vmo* vmo;          // a reference
    uint32_t options;         // ZX_STREAM_MODE_*
    bool can_resize;
    uint64_t seek;
};

static void stream_destroy(struct dispatcher* object) {
    dispatcher_unref(vmo_dispatcher(stream_from_dispatcher(object)->vmo));
    kfree(object);
}

static const struct dispatcher_ops stream_ops = {
    .type = ZX_OBJ_TYPE_STREAM,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .destroy = stream_destroy,
};

struct stream* stream_create(uint32_t options, struct vmo* vmo, uint64_t seek, bool can_resize) {
    struct stream* stream = kalloc(sizeof(*stream));
    if (stream != NULL) {
        dispatcher_init(&stream->object, &stream_ops, 0);
        dispatcher_ref(vmo_dispatcher(vmo));
        stream->vmo = vmo;
        stream->options = options;
        stream->can_resize = can_resize;
        stream->seek = seek;
    }
    return stream;
}

struct dispatcher* stream_dispatcher(struct stream* stream) {
    return &stream->object;
}

struct stream* stream_from_dispatcher(struct dispatcher* object) {
    return (struct stream*)object;
}

// ---- the caller's memory --------------------------------------------------------------------

static zx_status_t get_part(const struct user_parts* parts, size_t index, zx_iovec_t* part) {
    return copy_from_user(part, parts->vectors + index * sizeof(*part), sizeof(*part));
}

zx_status_t user_parts_init(struct user_parts* parts, uint64_t vectors, size_t count) {
    *parts = (struct user_parts){.vectors = vectors, .count = count};
    bool null_part = false;
    for (size_t i = 0; i < count; i++) {
        zx_iovec_t part;
        zx_status_t status = get_part(parts, i, &part);
        if (status != ZX_OK) {
            return status;
        }
        if (__builtin_add_overflow(parts->total, part.capacity, &parts->total)) {
            return ZX_ERR_INVALID_ARGS;
        }
        null_part = null_part || (part.buffer == 0 && part.capacity > 0);
    }
    return null_part ? ZX_ERR_NOT_FOUND : ZX_OK;
}

typedef zx_status_t (*vmo_copy)(struct vmo* vmo, uint64_t user, uint64_t offset, size_t size);

// Copies size bytes between the VMO, from an offset on, and the parts in their order.
static zx_status_t copy_parts(struct vmo* vmo, uint64_t offset, const struct user_parts* parts,
                              size_t size, vmo_copy copy) {
    size_t done = 0;
    for (size_t i = 0; i < parts->count && done < size; i++) {
        zx_iovec_t part;
        zx_status_t status = get_part(parts, i, &part);
        if (status != ZX_OK) {
            return status;
        }
        size_t count = part.capacity < size - done ? part.capacity : size - done;
        if (count > 0) {
            status = copy(vmo, part.buffer, offset + done, count);
            if (status != ZX_OK) {
                return status;
            }
        }
        done += count;
    }
    return ZX_OK;
}

// Streams work on memory that is cached as usual.
static zx_status_t check_cached(const struct vmo* vmo) {
    return vmo_cache_policy(vmo) == ZX_CACHE_POLICY_CACHED ? ZX_OK : ZX_ERR_BAD_STATE;
}

// ---- reading --------------------------------------------------------------------------------

zx_status_t stream_read_at(struct stream* stream, uint64_t offset, const struct user_parts* parts,
                           size_t* actual) {
    uint64_t end = vmo_content_size(stream->vmo);
    uint64_t size = vmo_size(stream->vmo);
    end = end < size ? end : size;
    *actual = 0;
    zx_status_t status = check_cached(stream->vmo);
    if (status != ZX_OK || offset >= end || parts->total == 0) {
        return status;
    }
    size_t count = parts->total < end - offset ? parts->total : end - offset;
    status = copy_parts(stream->vmo, offset, parts, count, vmo_read_user);
    if (status == ZX_OK) {
        *actual = count;
    }
    return status;
}

zx_status_t stream_read(struct stream* stream, const struct user_parts* parts, size_t* actual) {
    zx_status_t status = stream_read_at(stream, stream->seek, parts, actual);
    if (status == ZX_OK) {
        stream->seek += *actual;
    }
    return status;
}

// ---- writing --------------------------------------------------------------------------------

// Looks at a byte of each page of the parts' first size bytes, so that a write that cannot be
// finished is not begun.
static zx_status_t check_readable(const struct user_parts* parts, size_t size) {
    for (size_t i = 0, done = 0; i < parts->count && done < size; i++) {
        zx_iovec_t part;
        zx_status_t status = get_part(parts, i, &part);
        size_t count = part.capacity < size - done ? part.capacity : size - done;
        for (size_t at = 0; at < count && status == ZX_OK;) {
            uint8_t byte;
            status = copy_from_user(&byte, part.buffer + at, sizeof(byte));
            at += PAGE_SIZE - ((part.buffer + at) & (PAGE_SIZE - 1)); // to the next page
        }
        if (status != ZX_OK) {
            return status;
        }
        done += count;
    }
    return ZX_OK;
}

// Makes room for the bytes before end, as far as the VMO may grow; its content stays what it is.
static zx_status_t grow(struct stream* stream, uint64_t end) {
    struct vmo* vmo = stream->vmo;
    if (end <= vmo_size(vmo) || !stream->can_resize || !vmo_is_resizable(vmo)) {
        return ZX_OK;
    }
    if (PAGE_ALIGN_UP(end) < end) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    uint64_t content = vmo_content_size(vmo);
    zx_status_t status = vmo_resize(vmo, end);
    if (status == ZX_OK) {
        vmo_note_content(vmo, content);
    }
    return status;
}

zx_status_t stream_write_at(struct stream* stream, uint64_t offset, const struct user_parts* parts,
                            size_t* actual) {
    struct vmo* vmo = stream->vmo;
    *actual = 0;
    if (parts->total == 0) {
        return ZX_OK;
    }
    zx_status_t status = check_cached(vmo);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t end;
    if (__builtin_add_overflow(offset, parts->total, &end)) {
        return offset == UINT64_MAX ? ZX_ERR_OUT_OF_RANGE : ZX_ERR_FILE_BIG;
    }
    status = grow(stream, end);
    if (status != ZX_OK) {
        return status;
    }
    end = end < vmo_size(vmo) ? end : vmo_size(vmo);
    if (end <= offset) {
        return ZX_ERR_NO_SPACE;
    }
    uint64_t content = vmo_content_size(vmo);
    if (content < offset) {
        status = vmo_zero(vmo, content, offset - content); // what becomes content between them
    }
    if (status == ZX_OK) {
        status = check_readable(parts, end - offset);
    }
    if (status == ZX_OK) {
        status = copy_parts(vmo, offset, parts, end - offset, vmo_write_user);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (end > content) {
        vmo_note_content(vmo, end);
    }
    *actual = end - offset;
    return ZX_OK;
}

zx_status_t stream_write(struct stream* stream, bool append, const struct user_parts* parts,
                         size_t* actual) {
    bool at_end = append || (stream->options & ZX_STREAM_MODE_APPEND);
    uint64_t offset = at_end ? vmo_content_size(stream->vmo) : stream->seek;
    zx_status_t status = stream_write_at(stream, offset, parts, actual);
    if (status == ZX_OK) {
        stream->seek = offset + *actual;
    }
    return status;
}

// ---- position and information ---------------------------------------------------------------

zx_status_t stream_seek(struct stream* stream, uint32_t whence, int64_t offset, uint64_t* out) {
    uint64_t from;
    switch (whence) {
    case ZX_STREAM_SEEK_ORIGIN_START:
        from = 0;
        break;
    case ZX_STREAM_SEEK_ORIGIN_CURRENT:
        from = stream->seek;
        break;
    case ZX_STREAM_SEEK_ORIGIN_END:
        from = vmo_content_size(stream->vmo);
        break;
    default:
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t target;
    if (__builtin_add_overflow(from, offset, &target)) {
        return ZX_ERR_INVALID_ARGS; // negative, or too large
    }
    stream->seek = target;
    *out = target;
    return ZX_OK;
}

bool stream_is_append(struct stream* stream) {
    return stream->options & ZX_STREAM_MODE_APPEND;
}

void stream_set_append(struct stream* stream, bool append) {
    stream->options &= ~(uint32_t)ZX_STREAM_MODE_APPEND;
    stream->options |= append ? ZX_STREAM_MODE_APPEND : 0;
}

void stream_get_info(struct stream* stream, zx_info_stream_t* info) {
    *info = (zx_info_stream_t){.options = stream->options,
                               .seek = stream->seek,
                               .content_size = vmo_content_size(stream->vmo)};
}

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
    for (size_t i = 0; i < count; i++) {
        zx_iovec_t part;
        zx_status_t status = get_part(parts, i, &part);
        if (status != ZX_OK) {
            return status;
        }
        if (__builtin_add_overflow(parts->total, part.capacity, &parts->total)) {
            return ZX_ERR_INVALID_ARGS;
        }
    }
    return ZX_OK;
}

typedef zx_status_t (*vmo_copy)(struct vmo* vmo, uint64_t user, uint64_t offset, size_t size);

// Copies between one part and the VMO, a page of the VMO at a time; *done counts whole steps.
static zx_status_t copy_part(struct vmo* vmo, uint64_t offset, uint64_t user, size_t size,
                             vmo_copy copy, size_t* done) {
    if (size > 0 && user == 0) {
        return ZX_ERR_NOT_FOUND;
    }
    for (size_t at = 0; at < size;) {
        size_t step = PAGE_SIZE - ((offset + at) & (PAGE_SIZE - 1));
        step = size - at < step ? size - at : step;
        zx_status_t status = ZX_OK;
        if (copy == vmo_write_user) {
            status = vmo_expect_write(vmo, offset + at, size - at);
        }
        if (status == ZX_OK) {
            status = copy(vmo, user + at, offset + at, step);
        }
        if (status != ZX_OK) {
            return status;
        }
        at += step;
        *done += step;
    }
    return ZX_OK;
}

// Copies size bytes between the VMO, from an offset on, and the parts in their order.  What was
// copied before a fault counts: it is an error only if that is nothing.
static zx_status_t copy_parts(struct vmo* vmo, uint64_t offset, const struct user_parts* parts,
                              size_t size, vmo_copy copy, size_t* done) {
    zx_status_t status = ZX_OK;
    for (size_t i = 0; i < parts->count && *done < size && status == ZX_OK; i++) {
        zx_iovec_t part;
        status = get_part(parts, i, &part);
        if (status == ZX_OK) {
            size_t count = part.capacity < size - *done ? part.capacity : size - *done;
            status = copy_part(vmo, offset + *done, part.buffer, count, copy, done);
        }
    }
    return *done > 0 ? ZX_OK : status;
}

// ---- reading --------------------------------------------------------------------------------

zx_status_t stream_read_at(struct stream* stream, uint64_t offset, const struct user_parts* parts,
                           size_t* actual) {
    uint64_t end = vmo_content_size(stream->vmo);
    uint64_t size = vmo_size(stream->vmo);
    end = end < size ? end : size;
    *actual = 0;
    if (offset >= end) {
        return ZX_OK;
    }
    size_t count = parts->total < end - offset ? parts->total : end - offset;
    return copy_parts(stream->vmo, offset, parts, count, vmo_read_user, actual);
}

zx_status_t stream_read(struct stream* stream, const struct user_parts* parts, size_t* actual) {
    zx_status_t status = stream_read_at(stream, stream->seek, parts, actual);
    if (status == ZX_OK) {
        stream->seek += *actual;
    }
    return status;
}

// ---- writing --------------------------------------------------------------------------------

// Makes room for the bytes before end, as far as the VMO may grow; its content stays what it is.
static zx_status_t grow(struct stream* stream, uint64_t end) {
    struct vmo* vmo = stream->vmo;
    if (PAGE_ALIGN_UP(end) < end) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (end <= vmo_size(vmo)) {
        return ZX_OK;
    }
    if (!stream->can_resize) {
        return ZX_ERR_NO_SPACE;
    }
    uint64_t content = vmo_content_size(vmo);
    zx_status_t status = vmo_resize(vmo, end);
    if (status == ZX_OK) {
        vmo_note_content(vmo, content);
    }
    return status;
}

// Makes room for a write from offset to *end, or to where the VMO ends if it cannot grow that far.
// Between its content and offset come zeros.
static zx_status_t make_room(struct stream* stream, uint64_t offset, uint64_t* end) {
    struct vmo* vmo = stream->vmo;
    zx_status_t status = grow(stream, *end);
    if (status != ZX_OK && vmo_size(vmo) <= offset) {
        return status == ZX_ERR_OUT_OF_RANGE ? status : ZX_ERR_NO_SPACE;
    }
    *end = *end < vmo_size(vmo) ? *end : vmo_size(vmo);
    uint64_t content = vmo_content_size(vmo);
    return content < offset ? vmo_zero(vmo, content, offset - content) : ZX_OK;
}

// Writes into the room there is.
static zx_status_t write_range(struct vmo* vmo, uint64_t offset, uint64_t end,
                               const struct user_parts* parts, size_t* actual) {
    zx_status_t status = copy_parts(vmo, offset, parts, end - offset, vmo_write_user, actual);
    if (*actual > 0 && offset + *actual > vmo_content_size(vmo)) {
        vmo_note_content(vmo, offset + *actual);
    }
    return status;
}

zx_status_t stream_write_at(struct stream* stream, uint64_t offset, const struct user_parts* parts,
                            size_t* actual) {
    *actual = 0;
    if (parts->total == 0) {
        return ZX_OK;
    }
    uint64_t end;
    if (__builtin_add_overflow(offset, parts->total, &end)) {
        return ZX_ERR_FILE_BIG;
    }
    zx_status_t status = make_room(stream, offset, &end);
    return status == ZX_OK ? write_range(stream->vmo, offset, end, parts, actual) : status;
}

// Once there is room the seek offset moves, even if then nothing can be written.
static zx_status_t stream_append(struct stream* stream, const struct user_parts* parts,
                                 size_t* actual) {
    *actual = 0;
    if (parts->total == 0) {
        return ZX_OK;
    }
    uint64_t offset = vmo_content_size(stream->vmo);
    uint64_t end;
    if (__builtin_add_overflow(offset, parts->total, &end)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    zx_status_t status = make_room(stream, offset, &end);
    if (status == ZX_OK) {
        status = write_range(stream->vmo, offset, end, parts, actual);
        stream->seek = offset + *actual;
    }
    return status;
}

zx_status_t stream_write(struct stream* stream, bool append, const struct user_parts* parts,
                         size_t* actual) {
    if (append || (stream->options & ZX_STREAM_MODE_APPEND)) {
        return stream_append(stream, parts, actual);
    }
    zx_status_t status = stream_write_at(stream, stream->seek, parts, actual);
    if (status == ZX_OK) {
        stream->seek += *actual;
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

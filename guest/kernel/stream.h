// Streams: seekable reading and writing over a VMO, up to its content size.
#pragma once

#include "vmo.h"

struct stream;

// options: ZX_STREAM_MODE_*; can_resize: the VMO's handle allows it to grow.  NULL without memory.
struct stream* stream_create(uint32_t options, struct vmo* vmo, uint64_t seek, bool can_resize);
struct dispatcher* stream_dispatcher(struct stream* stream);
struct stream* stream_from_dispatcher(struct dispatcher* object);

// The caller's memory that is read into or written from, in parts.
struct user_parts {
    uint64_t vectors; // zx_iovec_t in user memory
    size_t count;
    size_t total; // bytes of all
};
// ZX_ERR_INVALID_ARGS: unreadable, or the sizes overflow.
zx_status_t user_parts_init(struct user_parts* parts, uint64_t vectors, size_t count);

// At the seek offset, which moves behind what was read or written, or at an offset of its own.
// *actual tells how many bytes, at least those before a fault.  If that is none, INVALID_ARGS and
// NOT_FOUND for bad buffers, BAD_STATE; writing also OUT_OF_RANGE, FILE_BIG, NO_SPACE.
zx_status_t stream_read(struct stream* stream, const struct user_parts* parts, size_t* actual);
zx_status_t stream_read_at(struct stream* stream, uint64_t offset, const struct user_parts* parts,
                           size_t* actual);
zx_status_t stream_write(struct stream* stream, bool append, const struct user_parts* parts,
                         size_t* actual);
zx_status_t stream_write_at(struct stream* stream, uint64_t offset, const struct user_parts* parts,
                            size_t* actual);
// ZX_STREAM_SEEK_ORIGIN_*; *out gets the new offset.  INVALID_ARGS.
zx_status_t stream_seek(struct stream* stream, uint32_t whence, int64_t offset, uint64_t* out);
bool stream_is_append(struct stream* stream);
void stream_set_append(struct stream* stream, bool append);
void stream_get_info(struct stream* stream, zx_info_stream_t* info);

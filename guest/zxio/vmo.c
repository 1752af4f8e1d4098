// A VMO as a file: a stream gives it a seek offset and bounds it by the content size.

#include "libc/libc.h"
#include "private.h"
#include "zx/syscalls.h"

struct vmo {
    zxio_t io;
    zx_handle_t vmo; // zero once released
    zx_handle_t stream;
};

_Static_assert(sizeof(struct vmo) <= sizeof(zxio_storage_t), "does not fit");

static zx_status_t vmo_close(zxio_t* io) {
    struct vmo* file = (struct vmo*)io;
    zx_handle_close(file->stream);
    zx_handle_close(file->vmo);
    return ZX_OK;
}

static zx_status_t vmo_release(zxio_t* io, zx_handle_t* out_handle) {
    struct vmo* file = (struct vmo*)io;
    *out_handle = zxio_take_handle(&file->vmo);
    return ZX_OK;
}

// The clone starts at offset zero: the seek offset belongs to the stream.  Without a duplicate
// there is the invalid handle.
static zx_status_t vmo_clone(zxio_t* io, zx_handle_t* out_handle) {
    struct vmo* file = (struct vmo*)io;
    zx_handle_t handle = ZX_HANDLE_INVALID;
    zx_status_t status = zx_handle_duplicate(file->vmo, ZX_RIGHT_SAME_RIGHTS, &handle);
    *out_handle = handle;
    return status;
}

static zx_status_t get_content_size(struct vmo* file, uint64_t* out_size) {
    return zx_object_get_property(file->vmo, ZX_PROP_VMO_CONTENT_SIZE, out_size, sizeof(*out_size));
}

static zx_status_t vmo_attr_get(zxio_t* io, zxio_node_attributes_t* out_attr) {
    struct vmo* file = (struct vmo*)io;
    uint64_t content_size;
    zx_status_t status = get_content_size(file, &content_size);
    if (status != ZX_OK) {
        return status;
    }
    memset(out_attr, 0, sizeof(*out_attr));
    out_attr->protocols = ZXIO_NODE_PROTOCOL_FILE;
    out_attr->abilities = ZXIO_OPERATION_READ_BYTES | ZXIO_OPERATION_GET_ATTRIBUTES;
    out_attr->content_size = content_size;
    out_attr->has.protocols = true;
    out_attr->has.abilities = true;
    out_attr->has.content_size = true;
    return ZX_OK;
}

// The kernel itself tells the caller how many bytes moved, and where the offset is: it has the
// caller's pointer, and needs none.

static zx_status_t vmo_readv(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                             zxio_flags_t flags, size_t* out_actual) {
    struct vmo* file = (struct vmo*)io;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return zx_stream_readv(file->stream, 0, (zx_iovec_t*)vector, vector_count, out_actual);
}

static zx_status_t vmo_readv_at(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                                size_t vector_count, zxio_flags_t flags, size_t* out_actual) {
    struct vmo* file = (struct vmo*)io;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return zx_stream_readv_at(file->stream, 0, offset, (zx_iovec_t*)vector, vector_count,
                              out_actual);
}

static zx_status_t vmo_writev(zxio_t* io, const zx_iovec_t* vector, size_t vector_count,
                              zxio_flags_t flags, size_t* out_actual) {
    struct vmo* file = (struct vmo*)io;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return zx_stream_writev(file->stream, 0, vector, vector_count, out_actual);
}

static zx_status_t vmo_writev_at(zxio_t* io, zx_off_t offset, const zx_iovec_t* vector,
                                 size_t vector_count, zxio_flags_t flags, size_t* out_actual) {
    struct vmo* file = (struct vmo*)io;
    if (flags != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return zx_stream_writev_at(file->stream, 0, offset, vector, vector_count, out_actual);
}

static zx_status_t vmo_seek(zxio_t* io, zxio_seek_origin_t start, int64_t offset,
                            size_t* out_offset) {
    struct vmo* file = (struct vmo*)io;
    return zx_stream_seek(file->stream, start, offset, out_offset);
}

static zx_status_t vmo_truncate(zxio_t* io, uint64_t length) {
    struct vmo* file = (struct vmo*)io;
    return zx_vmo_set_size(file->vmo, length);
}

// A private clone of the content, or a duplicate, with just the rights asked for.
static zx_status_t vmo_vmo_get(zxio_t* io, zxio_vmo_flags_t flags, zx_handle_t* out_vmo) {
    struct vmo* file = (struct vmo*)io;
    if (out_vmo == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t size;
    zx_status_t status = get_content_size(file, &size);
    if (status != ZX_OK) {
        return status;
    }
    zx_rights_t rights = ZX_RIGHTS_BASIC | ZX_RIGHT_MAP | ZX_RIGHT_GET_PROPERTY;
    rights |= flags & ZXIO_VMO_READ ? ZX_RIGHT_READ : 0;
    rights |= flags & ZXIO_VMO_WRITE ? ZX_RIGHT_WRITE : 0;
    rights |= flags & ZXIO_VMO_EXECUTE ? ZX_RIGHT_EXECUTE : 0;

    zx_handle_t result;
    if (flags & ZXIO_VMO_PRIVATE_CLONE) {
        uint32_t options = ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
        if (flags & ZXIO_VMO_EXECUTE) {
            if (flags & ZXIO_VMO_WRITE) {
                return ZX_ERR_NOT_SUPPORTED;
            }
            options |= ZX_VMO_CHILD_NO_WRITE;
        }
        zx_handle_t child;
        status = zx_vmo_create_child(file->vmo, options, 0, size, &child);
        if (status != ZX_OK) {
            return status;
        }
        status = zx_handle_replace(child, rights | ZX_RIGHT_SET_PROPERTY, &result);
    } else {
        status = zx_handle_duplicate(file->vmo, rights, &result);
    }
    if (status == ZX_OK) {
        *out_vmo = result;
    }
    return status;
}

static const zxio_ops_t vmo_ops = {
    .close = vmo_close,
    .release = vmo_release,
    .clone = vmo_clone,
    .attr_get = vmo_attr_get,
    .readv = vmo_readv,
    .readv_at = vmo_readv_at,
    .writev = vmo_writev,
    .writev_at = vmo_writev_at,
    .seek = vmo_seek,
    .truncate = vmo_truncate,
    .vmo_get = vmo_vmo_get,
};

void zxio_vmo_init(zxio_storage_t* storage, zx_handle_t vmo, zx_handle_t stream) {
    struct vmo* file = (struct vmo*)storage;
    zxio_init(&file->io, &vmo_ops);
    file->vmo = vmo;
    file->stream = stream;
}

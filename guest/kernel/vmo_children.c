// Children of VMOs.
//
//   type                       store                 size, content size   offset
//   SNAPSHOT                   own, shares pages     own                  any page
//   SNAPSHOT_AT_LEAST_ON_WRITE the same; of pages that come from a pager, shows those that it has
//                              not written to
//   SLICE                      the parent's          own                  inside the parent
//   REFERENCE                  the parent's          the parent's         0
#include "paged_store.h"
#include "vmo.h"

#define TYPES                                                                                      \
    (ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE | ZX_VMO_CHILD_SLICE |        \
     ZX_VMO_CHILD_REFERENCE)

// A new store with the pages of another, which both share.
static zx_status_t share(struct vmo_store* store, uint64_t offset, uint64_t size,
                         struct vmo_store** out) {
    *out = store_create(size);
    if (*out == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = store_share(store, offset, *out);
    if (status != ZX_OK) {
        store_unref(*out);
    }
    return status;
}

// A copy that shares the pages until one of both writes.
static zx_status_t create_snapshot(struct vmo* parent, uint32_t options, uint64_t offset,
                                   uint64_t size, struct vmo** out) {
    struct vmo_store* store = parent->store;
    if (!IS_PAGE_ALIGNED(offset)) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t rounded;
    zx_status_t status = vmo_round_size(size, &rounded);
    if (status != ZX_OK) {
        return status;
    }
    if (store->contiguous) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (store->physical || parent->flags & VMO_SLICE) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (vmo_cache_policy(parent) != ZX_CACHE_POLICY_CACHED) {
        return ZX_ERR_BAD_STATE;
    }
    if (offset + rounded < offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    bool weak = options & ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
    if (store->paged != NULL && !weak) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (store->paged == NULL &&
        !list_is_empty(&store->pins)) { // a device could write to what the copy shares
        return ZX_ERR_BAD_STATE;
    }
    uint64_t origin = store->origin + offset;
    if (origin < offset || origin + rounded < origin) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct vmo_store* copy;
    status = store->paged != NULL ? paged_create_clone(store, offset, rounded, &copy)
                                  : share(store, offset, rounded, &copy);
    if (status != ZX_OK) {
        return status;
    }
    copy->content_size = size;
    copy->resizable = options & ZX_VMO_CHILD_RESIZABLE;
    *out = vmo_create_window(copy, &vmo_ops);
    if (*out == NULL) {
        store_unref(copy);
        return ZX_ERR_NO_MEMORY;
    }
    return ZX_OK;
}

// Memory that is not cached must not be seen through two VMOs, unless it is a device's or for one.
static bool is_alias_allowed(const struct vmo* parent) {
    return vmo_cache_policy(parent) == ZX_CACHE_POLICY_CACHED || vmo_is_contiguous(parent);
}

// A further window on the parent's store.
static zx_status_t create_alias(struct vmo* parent, struct vmo** out) {
    *out = vmo_create_window(parent->store, &vmo_ops);
    if (*out == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    parent->store->references++;
    (*out)->offset = parent->offset;
    (*out)->cache_policy = parent->cache_policy;
    return ZX_OK;
}

static zx_status_t create_slice(struct vmo* parent, uint32_t options, uint64_t offset,
                                uint64_t size, struct vmo** out) {
    if ((options & ~(ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_NO_WRITE)) != 0 ||
        !IS_PAGE_ALIGNED(offset)) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t rounded;
    zx_status_t status = vmo_round_size(size, &rounded);
    if (status != ZX_OK) {
        return status;
    }
    if (offset + rounded < offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (!vmo_in_range(parent, offset, rounded)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (vmo_is_resizable(parent)) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!is_alias_allowed(parent)) {
        return ZX_ERR_BAD_STATE;
    }
    status = create_alias(parent, out);
    if (status == ZX_OK) {
        (*out)->flags |= VMO_SLICE;
        (*out)->offset += offset;
        (*out)->slice_size = rounded;
        (*out)->slice_content = size;
    }
    return status;
}

static zx_status_t create_reference(struct vmo* parent, uint32_t options, uint64_t offset,
                                    uint64_t size, struct vmo** out) {
    if (parent->store->device) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (offset != 0 || size != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (((options & ZX_VMO_CHILD_RESIZABLE) && !vmo_is_resizable(parent)) ||
        (parent->flags & VMO_SLICE) || parent->store->contiguous) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!is_alias_allowed(parent)) {
        return ZX_ERR_BAD_STATE;
    }
    return create_alias(parent, out);
}

zx_status_t vmo_create_child(struct vmo* parent, uint32_t options, uint64_t offset, uint64_t size,
                             struct vmo** out) {
    uint32_t type = options & TYPES;
    if (parent->store->discardable) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if ((options & ~(TYPES | ZX_VMO_CHILD_RESIZABLE | ZX_VMO_CHILD_NO_WRITE)) != 0 || type == 0 ||
        (type & (type - 1)) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status;
    switch (type) {
    case ZX_VMO_CHILD_SLICE:
        status = create_slice(parent, options, offset, size, out);
        break;
    case ZX_VMO_CHILD_REFERENCE:
        status = create_reference(parent, options, offset, size, out);
        break;
    default:
        status = create_snapshot(parent, options, offset, size, out);
        type = ZX_VMO_CHILD_SNAPSHOT;
        break;
    }
    if (status != ZX_OK) {
        return status;
    }
    (*out)->child_kind = type;
    if ((options & ZX_VMO_CHILD_NO_WRITE) && (options & ZX_VMO_CHILD_SNAPSHOT)) {
        (*out)->flags |= VMO_IMMUTABLE;
    }
    vmo_add_child(parent, *out);
    return ZX_OK;
}

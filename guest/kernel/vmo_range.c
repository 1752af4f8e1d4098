// What zx_vmo_op_range does, cache policies, and what is told about a VMO.
#include "mapping.h"
#include "paged_store.h"
#include "string.h"
#include "usercopy.h"
#include "vmo.h"

static zx_status_t commit(struct vmo* vmo, uint64_t offset, uint64_t size) {
    if (!vmo_in_range(vmo, offset, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (size == 0) {
        return ZX_OK; // though it may point into a page
    }
    if (vmo->store->paged != NULL) {
        return paged_commit(vmo->store, vmo->offset + offset, size);
    }
    uint64_t end = offset + size;
    for (uint64_t page = PAGE_ALIGN_DOWN(offset); page < end; page += PAGE_SIZE) {
        paddr_t ignored;
        zx_status_t status = vmo_get_page(vmo, page, true, &ignored);
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

static zx_status_t decommit(struct vmo* vmo, uint64_t offset, uint64_t size) {
    if (vmo->store->contiguous) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!vmo_in_range(vmo, offset, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (size == 0) {
        return ZX_OK;
    }
    if (vmo->store->physical || vmo->store->snapshot || vmo->store->paged != NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!IS_PAGE_ALIGNED(offset) || !IS_PAGE_ALIGNED(size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (store_is_pinned(vmo->store, vmo->offset + offset, size)) {
        return ZX_ERR_BAD_STATE;
    }
    store_drop_range(vmo->store, vmo->offset + offset, size);
    return ZX_OK;
}

// Pages are never discarded, so a lock always finds all of them.
static zx_status_t lock(struct vmo* vmo, uint32_t op, uint64_t offset, uint64_t size,
                        uint64_t buffer, uint64_t buffer_size) {
    struct vmo_store* store = vmo->store;
    if (!store->discardable) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (offset != 0 || size != store->size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (op == ZX_VMO_OP_UNLOCK) {
        if (store->lock_count == 0) {
            return ZX_ERR_BAD_STATE;
        }
        store->lock_count--;
        return ZX_OK;
    }
    if (op == ZX_VMO_OP_LOCK) {
        zx_vmo_lock_state_t state = {.size = size};
        if (buffer_size < sizeof(state)) {
            return ZX_ERR_INVALID_ARGS;
        }
        zx_status_t status = copy_to_user(buffer, &state, sizeof(state));
        if (status != ZX_OK) {
            return status;
        }
    }
    store->lock_count++;
    return ZX_OK;
}

// Caches are coherent between all that the guest runs on: only the arguments matter.
static zx_status_t cache_op(struct vmo* vmo, uint64_t offset, uint64_t size) {
    if (size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    return vmo_in_range(vmo, offset, size) ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

// Registers of devices do not come and go, and no call touches them.
static bool is_for_memory(uint32_t op) {
    return op == ZX_VMO_OP_COMMIT || op == ZX_VMO_OP_DECOMMIT || op == ZX_VMO_OP_ZERO ||
           op == ZX_VMO_OP_DONT_NEED || op == ZX_VMO_OP_ALWAYS_NEED;
}

// What is needed comes, if a pager supplies it.
static zx_status_t hint(struct vmo* vmo, uint64_t offset, uint64_t size, bool needed) {
    if (!vmo_in_range(vmo, offset, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (needed && vmo->store->paged != NULL) {
        paged_expect(vmo->store, vmo->offset + offset, size);
    }
    return ZX_OK;
}

static zx_status_t op_range(struct vmo* vmo, uint32_t op, uint64_t offset, uint64_t size,
                            uint64_t buffer, uint64_t buffer_size) {
    if (vmo->store->device && is_for_memory(op)) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    switch (op) {
    case ZX_VMO_OP_COMMIT:
        return commit(vmo, offset, size);
    case ZX_VMO_OP_DECOMMIT:
        return decommit(vmo, offset, size);
    case ZX_VMO_OP_LOCK:
    case ZX_VMO_OP_TRY_LOCK:
    case ZX_VMO_OP_UNLOCK:
        return lock(vmo, op, offset, size, buffer, buffer_size);
    case ZX_VMO_OP_CACHE_SYNC:
    case ZX_VMO_OP_CACHE_INVALIDATE:
    case ZX_VMO_OP_CACHE_CLEAN:
    case ZX_VMO_OP_CACHE_CLEAN_INVALIDATE:
        return cache_op(vmo, offset, size);
    case ZX_VMO_OP_ZERO: // as if zeros were written
        if (vmo_cache_policy(vmo) != ZX_CACHE_POLICY_CACHED) {
            return ZX_ERR_BAD_STATE;
        }
        return vmo_zero(vmo, offset, size);
    case ZX_VMO_OP_DONT_NEED:
    case ZX_VMO_OP_ALWAYS_NEED:
        return hint(vmo, offset, size, op == ZX_VMO_OP_ALWAYS_NEED);
    default:
        return ZX_ERR_INVALID_ARGS;
    }
}

zx_status_t vmo_op_range(struct vmo* vmo, uint32_t op, uint64_t offset, uint64_t size,
                         uint64_t buffer, uint64_t buffer_size) {
    dispatcher_ref(&vmo->object); // it may wait for pages
    zx_status_t status = op_range(vmo, op, offset, size, buffer, buffer_size);
    dispatcher_unref(&vmo->object);
    return status;
}

zx_status_t vmo_set_cache_policy(struct vmo* vmo, uint32_t cache_policy) {
    if (vmo->store->device && vmo->cache_policy == cache_policy) {
        return ZX_OK;
    }
    bool uncached = vmo->cache_policy != ZX_CACHE_POLICY_CACHED;
    if ((uncached && vmo->store->page_count > 0) || vmo->mapping_count != 0 ||
        !list_is_empty(&vmo->store->pins) || vmo->child_count != 0 || vmo->parent != NULL) {
        return ZX_ERR_BAD_STATE;
    }
    vmo->cache_policy = cache_policy;
    return ZX_OK;
}

// Address spaces that show the VMO.
static uint64_t share_count(struct vmo* vmo) {
    uint64_t count = 0;
    list_for_each(node, &vmo->store->mappings) {
        struct mapping* mapping = container_of(node, struct mapping, store_link);
        bool seen = mapping->vmo != vmo;
        for (struct list_node* earlier = vmo->store->mappings.next; earlier != node && !seen;
             earlier = earlier->next) {
            struct mapping* other = container_of(earlier, struct mapping, store_link);
            seen = other->vmo == vmo && other->aspace == mapping->aspace;
        }
        count += !seen;
    }
    return count;
}

void vmo_get_info(struct vmo* vmo, zx_rights_t rights, uint32_t how, zx_info_vmo_t* info) {
    struct vmo_store* store = vmo->store;
    memset(info, 0, sizeof(*info));
    info->koid = vmo->object.koid;
    memcpy(info->name, vmo->name, sizeof(info->name));
    info->size_bytes = vmo_size(vmo);
    info->parent_koid = vmo->parent == NULL ? 0 : vmo->parent->object.koid;
    info->num_children = vmo->child_count;
    info->num_mappings = vmo->mapping_count;
    info->share_count = share_count(vmo);
    info->flags = how | (store->physical ? 0 : ZX_INFO_VMO_TYPE_PAGED) |
                  (vmo_is_contiguous(vmo) ? ZX_INFO_VMO_CONTIGUOUS : 0) |
                  (store->resizable ? ZX_INFO_VMO_RESIZABLE : 0) |
                  (store->discardable ? ZX_INFO_VMO_DISCARDABLE : 0) |
                  (vmo->child_kind == ZX_VMO_CHILD_SNAPSHOT ? ZX_INFO_VMO_IS_COW_CLONE : 0) |
                  (vmo->flags & VMO_IMMUTABLE ? ZX_INFO_VMO_IMMUTABLE : 0) |
                  (store->paged != NULL ? ZX_INFO_VMO_PAGER_BACKED : 0);
    // Pages of slices and references are their parent's.
    if (vmo->child_kind == 0 || vmo->child_kind == ZX_VMO_CHILD_SNAPSHOT) {
        uint64_t pages = store_committed_pages(store, 0, store->size);
        info->committed_bytes = pages * PAGE_SIZE;
        info->metadata_bytes = pages * sizeof(uintptr_t); // a slot each
    }
    info->handle_rights = how & ZX_INFO_VMO_VIA_HANDLE ? rights : 0;
    info->cache_policy = vmo->cache_policy;
}

// Virtual memory objects: windows on stores of pages.
#include "vmo.h"

#include "heap.h"
#include "mapping.h"
#include "paged_store.h"
#include "string.h"
#include "usercopy.h"

// No VMO is larger; rounding up to it cannot overflow.
#define MAX_SIZE 0xfffffffffffe0000ull

// Entries of page tables have room for physical addresses below this.
#define PHYSICAL_END (1ull << 48)

#define CREATE_OPTIONS (ZX_VMO_RESIZABLE | ZX_VMO_DISCARDABLE)

// Its children become its parent's: the parent keeps counting them.
static void vmo_destroy(struct dispatcher* object) {
    struct vmo* vmo = vmo_from_dispatcher(object);
    for (struct list_node* node; (node = list_pop_front(&vmo->children)) != NULL;) {
        struct vmo* child = container_of(node, struct vmo, child_link);
        child->parent = vmo->parent;
        if (vmo->parent != NULL) {
            list_push_back(&vmo->parent->children, node);
            vmo->parent->child_count++;
        }
    }
    if (vmo->parent != NULL) {
        list_remove(&vmo->child_link);
        if (--vmo->parent->child_count == 0) {
            update_signals(&vmo->parent->object, 0, ZX_VMO_ZERO_CHILDREN);
        }
    }
    store_unref(vmo->store);
    kfree(vmo);
}

const struct dispatcher_ops vmo_ops = {
    .type = ZX_OBJ_TYPE_VMO,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .has_name = true,
    .destroy = vmo_destroy,
};

zx_status_t vmo_round_size(uint64_t size, uint64_t* rounded) {
    if (size > MAX_SIZE) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    *rounded = PAGE_ALIGN_UP(size);
    return ZX_OK;
}

struct vmo* vmo_create_window(struct vmo_store* store, const struct dispatcher_ops* ops) {
    struct vmo* vmo = kalloc(sizeof(*vmo));
    if (vmo == NULL) {
        return NULL;
    }
    dispatcher_init(&vmo->object, ops, ZX_VMO_ZERO_CHILDREN);
    vmo->store = store;
    vmo->cache_policy = ZX_CACHE_POLICY_CACHED;
    list_init(&vmo->children);
    return vmo;
}

void vmo_add_child(struct vmo* parent, struct vmo* child) {
    child->parent = parent;
    list_push_back(&parent->children, &child->child_link);
    if (parent->child_count++ == 0) {
        update_signals(&parent->object, ZX_VMO_ZERO_CHILDREN, 0);
    }
}

// The first window on a store, if all has gone well with that; on failure the store is gone.
static zx_status_t wrap(zx_status_t status, struct vmo_store* store, struct vmo** out) {
    if (status == ZX_OK) {
        *out = vmo_create_window(store, &vmo_ops);
        status = *out != NULL ? ZX_OK : ZX_ERR_NO_MEMORY;
    }
    if (status != ZX_OK) {
        store_unref(store);
    }
    return status;
}

zx_status_t vmo_create(uint64_t size, uint32_t options, struct vmo** out) {
    if ((options & ~CREATE_OPTIONS) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t rounded;
    zx_status_t status = vmo_round_size(size, &rounded);
    if (status != ZX_OK) {
        return status;
    }
    struct vmo_store* store = store_create(rounded);
    if (store == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    store->content_size = size;
    store->resizable = options & ZX_VMO_RESIZABLE;
    store->discardable = options & ZX_VMO_DISCARDABLE;
    return wrap(ZX_OK, store, out);
}

zx_status_t vmo_create_physical(paddr_t base, uint64_t size, struct vmo** out) {
    struct vmo_store* store = store_create(PAGE_ALIGN_UP(size));
    if (store == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    store->content_size = size;
    store->physical = true;
    store->base = base;
    return wrap(ZX_OK, store, out);
}

zx_status_t vmo_create_wired(paddr_t base, uint64_t size, struct vmo** out) {
    struct vmo_store* store = store_create(PAGE_ALIGN_UP(size));
    if (store == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    store->content_size = size;
    return wrap(store_wire(store, base), store, out);
}

zx_status_t vmo_create_contiguous(uint64_t size, uint32_t alignment_log2, struct vmo** out) {
    uint64_t rounded;
    zx_status_t status = vmo_round_size(size, &rounded);
    if (status != ZX_OK) {
        return status;
    }
    struct vmo_store* store = store_create(rounded);
    if (store == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    store->content_size = size;
    store->contiguous = true;
    return wrap(store_fill(store, alignment_log2), store, out);
}

zx_status_t vmo_create_device(paddr_t base, uint64_t size, struct vmo** out) {
    uint64_t rounded = PAGE_ALIGN_UP(size);
    if (!IS_PAGE_ALIGNED(base) || rounded == 0 || base >= PHYSICAL_END ||
        rounded > PHYSICAL_END - base) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = vmo_create_physical(base, rounded, out);
    if (status == ZX_OK) {
        (*out)->store->device = true;
        (*out)->cache_policy = ZX_CACHE_POLICY_UNCACHED;
    }
    return status;
}

zx_status_t vmo_create_paged(struct vmo_store* store, uint64_t size, bool resizable,
                             struct vmo** out) {
    store->content_size = size;
    store->resizable = resizable;
    return wrap(ZX_OK, store, out);
}

struct dispatcher* vmo_dispatcher(struct vmo* vmo) {
    return &vmo->object;
}

struct vmo* vmo_from_dispatcher(struct dispatcher* object) {
    return container_of(object, struct vmo, object);
}

char* vmo_name(struct vmo* vmo) {
    return vmo->name;
}

void vmo_set_name(struct vmo* vmo, const char* name) {
    memset(vmo->name, 0, ZX_MAX_NAME_LEN);
    copy_text(vmo->name, name, ZX_MAX_NAME_LEN);
}

// ---- sizes ---------------------------------------------------------------------------------

uint64_t vmo_size(const struct vmo* vmo) {
    return vmo->flags & VMO_SLICE ? vmo->slice_size : vmo->store->size;
}

uint64_t vmo_content_size(const struct vmo* vmo) {
    return vmo->flags & VMO_SLICE ? vmo->slice_content : vmo->store->content_size;
}

static zx_status_t set_content_size(struct vmo* vmo, uint64_t size) {
    if (vmo->store->wired) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (vmo->store->device) {
        return ZX_ERR_NOT_SUPPORTED; // nothing of it can be made zero
    }
    if (size < vmo_size(vmo)) {
        // What lies behind the content reads as zero when the content grows again.
        zx_status_t status = vmo_zero(vmo, size, vmo_size(vmo) - size);
        if (status != ZX_OK) {
            return status;
        }
    }
    vmo_note_content(vmo, size);
    return ZX_OK;
}

zx_status_t vmo_set_content_size(struct vmo* vmo, uint64_t size) {
    dispatcher_ref(&vmo->object); // it may wait for a page
    zx_status_t status = set_content_size(vmo, size);
    dispatcher_unref(&vmo->object);
    return status;
}

void vmo_note_content(struct vmo* vmo, uint64_t size) {
    if (vmo->flags & VMO_SLICE) {
        vmo->slice_content = size;
    } else {
        vmo->store->content_size = size;
    }
}

bool vmo_is_resizable(const struct vmo* vmo) {
    return vmo->store->resizable;
}

bool vmo_is_memory(const struct vmo* vmo) {
    return !vmo->store->device;
}

bool vmo_is_contiguous(const struct vmo* vmo) {
    return vmo->store->physical || vmo->store->contiguous;
}

uint32_t vmo_cache_policy(const struct vmo* vmo) {
    return vmo->cache_policy;
}

zx_status_t vmo_give_pages(struct vmo* vmo, uint64_t* offset, uint64_t size,
                           struct vmo_store** out) {
    struct vmo_store* store = vmo->store;
    if (vmo_is_contiguous(vmo)) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (vmo->child_count > 0) {
        return ZX_ERR_BAD_STATE;
    }
    if (!vmo_in_range(vmo, *offset, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    const struct vmo* original = vmo;
    while (original->child_kind == ZX_VMO_CHILD_REFERENCE && original->parent != NULL) {
        original = original->parent;
    }
    *offset += vmo->offset;
    if (original->parent != NULL || store->paged != NULL || store_is_pinned(store, *offset, size)) {
        return ZX_ERR_BAD_STATE;
    }
    if (size >> PAGE_SHIFT > pmm_total_pages()) {
        return ZX_ERR_NO_MEMORY; // for where each of them goes
    }
    *out = store;
    return ZX_OK;
}

bool vmo_in_range(const struct vmo* vmo, uint64_t offset, uint64_t size) {
    return offset <= vmo_size(vmo) && size <= vmo_size(vmo) - offset;
}

zx_status_t vmo_resize(struct vmo* vmo, uint64_t size) {
    uint64_t rounded;
    struct vmo_store* store = vmo->store;
    if (!store->resizable) {
        return ZX_ERR_UNAVAILABLE;
    }
    zx_status_t status = vmo_round_size(size, &rounded);
    if (status != ZX_OK) {
        return status;
    }
    if (store->origin + rounded < store->origin) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (rounded < store->size && store_is_pinned(store, rounded, store->size - rounded)) {
        return ZX_ERR_BAD_STATE;
    }
    if (store->paged != NULL) {
        paged_resize(store, rounded);
    } else if (size < store->content_size && size < store->size && !IS_PAGE_ALIGNED(size)) {
        // The rest of the last page reads as zero when the content grows again.
        status = vmo_zero(vmo, size, rounded - size);
        if (status != ZX_OK) {
            return status;
        }
    }
    if (rounded < store->size) {
        store_drop_range(store, rounded, store->size - rounded);
        store_revoke(store, rounded, store->size - rounded); // also shows of the zero page
    }
    store->size = rounded;
    store->content_size = size;
    if (store->paged != NULL) {
        // The last page may have to come first; if it does not, the new size stays all the same.
        dispatcher_ref(&vmo->object);
        vmo_zero(vmo, size, rounded - size);
        dispatcher_unref(&vmo->object);
    }
    return ZX_OK;
}

// ---- contents ------------------------------------------------------------------------------

zx_status_t vmo_get_page(struct vmo* vmo, uint64_t offset, bool for_write, paddr_t* out) {
    if (offset >= vmo_size(vmo)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    return store_get_page(vmo->store, vmo->offset + offset, for_write, out);
}

// One step of a copy: moves size bytes (within a page) between page memory and the other side.
typedef zx_status_t (*copy_step)(void* page, uint64_t other, size_t size);

static zx_status_t step_to_user(void* page, uint64_t other, size_t size) {
    return copy_to_user(other, page, size);
}
static zx_status_t step_from_user(void* page, uint64_t other, size_t size) {
    return copy_from_user(page, other, size);
}
static zx_status_t step_to_kernel(void* page, uint64_t other, size_t size) {
    memcpy((void*)other, page, size);
    return ZX_OK;
}
static zx_status_t step_from_kernel(void* page, uint64_t other, size_t size) {
    memcpy(page, (void*)other, size);
    return ZX_OK;
}

zx_status_t vmo_expect_write(struct vmo* vmo, uint64_t offset, uint64_t size) {
    struct vmo_store* store = vmo->store;
    return store->paged == NULL ? ZX_OK : paged_bring(store, vmo->offset + offset, size, true);
}

// The page at an offset, to or from which chunk bytes are about to be copied, of size in all.  The
// other side, if it is user memory that a pager supplies, is there as well when it returns: whoever
// copies to or from a page must not wait.
static zx_status_t get_page_to_copy(struct vmo* vmo, uint64_t offset, size_t size, uint64_t other,
                                    size_t chunk, bool for_write, paddr_t* page) {
    uint64_t waits;
    zx_status_t status;
    do {
        if (!vmo_in_range(vmo, offset, chunk)) {
            return ZX_ERR_OUT_OF_RANGE;
        }
        waits = page_waits;
        status = ZX_OK;
        if (for_write) {
            status = vmo_expect_write(vmo, offset, size);
        }
        if (status == ZX_OK) {
            status = vmo_get_page(vmo, offset, for_write, page);
        }
        if (status == ZX_OK && paged_mappings > 0 &&
            !user_memory_expect(other, chunk, !for_write) && waits != page_waits) {
            status = ZX_ERR_INVALID_ARGS;
        }
    } while (status == ZX_OK && waits != page_waits);
    return status;
}

static zx_status_t copy_pages(struct vmo* vmo, uint64_t other, uint64_t offset, size_t size,
                              bool for_write, copy_step step) {
    if (vmo->store->device) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (vmo_cache_policy(vmo) != ZX_CACHE_POLICY_CACHED) {
        return ZX_ERR_BAD_STATE;
    }
    if (!vmo_in_range(vmo, offset, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    // What is waited for takes long enough for anything to go.
    dispatcher_ref(&vmo->object);
    zx_status_t status = ZX_OK;
    while (size > 0 && status == ZX_OK) {
        uint64_t within = offset & (PAGE_SIZE - 1);
        size_t chunk = PAGE_SIZE - within < size ? PAGE_SIZE - within : size;
        paddr_t page;
        status = get_page_to_copy(vmo, offset, size, other, chunk, for_write, &page);
        if (status == ZX_OK) {
            status = step((char*)phys_to_virt(page) + within, other, chunk);
        }
        other += chunk;
        offset += chunk;
        size -= chunk;
    }
    dispatcher_unref(&vmo->object);
    return status;
}

zx_status_t vmo_read_kernel(struct vmo* vmo, void* to, uint64_t offset, size_t size) {
    return copy_pages(vmo, (uint64_t)to, offset, size, false, step_to_kernel);
}

zx_status_t vmo_write_kernel(struct vmo* vmo, const void* from, uint64_t offset, size_t size) {
    return copy_pages(vmo, (uint64_t)from, offset, size, true, step_from_kernel);
}

zx_status_t vmo_read_user(struct vmo* vmo, uint64_t to, uint64_t offset, size_t size) {
    return copy_pages(vmo, to, offset, size, false, step_to_user);
}

zx_status_t vmo_write_user(struct vmo* vmo, uint64_t from, uint64_t offset, size_t size) {
    return copy_pages(vmo, from, offset, size, true, step_from_user);
}

// Zeroes part of one page, which stays absent if it is.
static zx_status_t zero_within_page(struct vmo* vmo, uint64_t offset, uint64_t size) {
    paddr_t page;
    bool writable;
    if (!store_peek(vmo->store, vmo->offset + offset, &page, &writable)) {
        return ZX_OK;
    }
    zx_status_t status = vmo_get_page(vmo, offset, true, &page);
    if (status == ZX_OK) {
        memset((char*)phys_to_virt(page) + (offset & (PAGE_SIZE - 1)), 0, size);
    }
    return status;
}

zx_status_t vmo_zero(struct vmo* vmo, uint64_t offset, uint64_t size) {
    bool drops_pages = !vmo->store->physical && !vmo->store->contiguous;
    if (!vmo_in_range(vmo, offset, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (vmo->store->paged != NULL) {
        return paged_zero(vmo->store, vmo->offset + offset, size);
    }
    uint64_t end = offset + size;
    while (offset < end) {
        uint64_t page_end = PAGE_ALIGN_DOWN(offset) + PAGE_SIZE;
        if (drops_pages && IS_PAGE_ALIGNED(offset) && end - offset >= PAGE_SIZE &&
            !store_is_pinned(vmo->store, vmo->offset + offset, PAGE_SIZE)) {
            uint64_t whole =
                list_is_empty(&vmo->store->pins) ? PAGE_ALIGN_DOWN(end) - offset : PAGE_SIZE;
            store_drop_range(vmo->store, vmo->offset + offset, whole);
            offset += whole;
            continue;
        }
        uint64_t chunk = (page_end < end ? page_end : end) - offset;
        zx_status_t status = zero_within_page(vmo, offset, chunk);
        if (status != ZX_OK) {
            return status;
        }
        offset += chunk;
    }
    return ZX_OK;
}

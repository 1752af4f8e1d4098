// Stores whose pages need not be there: what is the same for all of them, and clones.
#include "paged_store.h"

#include "heap.h"
#include "sourced_store.h"
#include "string.h"

static bool is_clone(const struct vmo_store* store) {
    return store->paged->source == NULL;
}

static uint64_t min(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

struct vmo_store* paged_create(uint64_t size) {
    struct vmo_store* store = store_create(size);
    struct paged* paged = store == NULL ? NULL : kalloc(sizeof(*paged));
    if (paged == NULL) {
        kfree(store);
        return NULL;
    }
    paged->store = store;
    list_init(&paged->clones);
    store->paged = paged;
    return store;
}

// ---- pages ---------------------------------------------------------------------------------

struct page* paged_find(struct vmo_store* store, uint64_t index) {
    uintptr_t* slot = store_find_slot(store, index);
    return slot == NULL ? NULL : store_slot_page(*slot);
}

// Goes from a clone to the store that it shows a page of, if it does.
static bool go_to_parent(struct vmo_store** store, uint64_t* index) {
    struct paged* paged = (*store)->paged;
    if (!is_clone(*store) || *index << PAGE_SHIFT >= paged->limit ||
        paged_find(*store, *index) != NULL) {
        return false;
    }
    *index += paged->offset >> PAGE_SHIFT;
    *store = paged->parent;
    return true;
}

zx_status_t paged_missing(struct vmo_store* store, uint64_t index, bool write, uint64_t count,
                          struct page_want* want) {
    while (go_to_parent(&store, &index)) {
        write = false;
        count = 1;
    }
    return is_clone(store) ? ZX_OK : sourced_missing(store, index, write, count, want);
}

// The page that is read, of which nothing is missing; NULL: zeros.
static struct page* seen(struct vmo_store* store, uint64_t index) {
    while (go_to_parent(&store, &index)) {
    }
    return paged_find(store, index);
}

static zx_status_t clone_own(struct vmo_store* store, uint64_t index, struct page** out) {
    struct page* page = paged_find(store, index);
    if (page != NULL && page != store_zero_page()) {
        *out = page;
        return ZX_OK;
    }
    const struct page* shown = seen(store, index);
    uintptr_t* slot = store_make_slot(store, index);
    struct page* made = slot == NULL ? NULL : pmm_alloc_zeroed();
    if (made == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    if (shown != NULL) {
        memcpy(page_to_virt(made), page_to_virt(shown), PAGE_SIZE);
    }
    made->references = 1;
    store_set_slot(store, slot, made);
    store_revoke(store, index << PAGE_SHIFT, PAGE_SIZE);
    *out = made;
    return ZX_OK;
}

zx_status_t paged_own(struct vmo_store* store, uint64_t index, bool dirty, struct page** out) {
    return is_clone(store) ? clone_own(store, index, out) : sourced_own(store, index, dirty, out);
}

// ---- waiting -------------------------------------------------------------------------------

// Waits for what is missing, with a reference to the store.
static zx_status_t wait(struct vmo_store* store, const struct page_want* want) {
    store->references++;
    zx_status_t status = page_source_wait(want);
    store_unref(store);
    return status;
}

static uint64_t pages_of(uint64_t offset, uint64_t size) {
    return (PAGE_ALIGN_UP(offset + size) - PAGE_ALIGN_DOWN(offset)) >> PAGE_SHIFT;
}

zx_status_t paged_bring(struct vmo_store* store, uint64_t offset, uint64_t length, bool write) {
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t count = pages_of(offset, length);
    for (;;) {
        struct page_want want;
        zx_status_t status = paged_missing(store, index, write, count, &want);
        if (status != ZX_ERR_SHOULD_WAIT) {
            return status;
        }
        status = wait(store, &want);
        if (status != ZX_OK) {
            return status;
        }
        if (index >= store->size >> PAGE_SHIFT) {
            return ZX_ERR_OUT_OF_RANGE;
        }
    }
}

zx_status_t paged_bring_once(struct vmo_store* store, uint64_t offset, bool write) {
    struct page_want want;
    zx_status_t status = paged_missing(store, offset >> PAGE_SHIFT, write, 1, &want);
    if (status == ZX_ERR_SHOULD_WAIT) {
        // Who only faults does not keep the VMO from its end, which ends the wait.
        status = page_source_wait(&want);
        return status == ZX_OK ? ZX_ERR_SHOULD_WAIT : status;
    }
    return status;
}

zx_status_t paged_get_page(struct vmo_store* store, uint64_t offset, bool for_write, paddr_t* out) {
    uint64_t index = offset >> PAGE_SHIFT;
    zx_status_t status = paged_bring(store, offset, 1, for_write);
    if (status != ZX_OK) {
        return status;
    }
    struct page* page;
    if (for_write) {
        store->paged->modified = true;
        status = paged_own(store, index, true, &page);
    } else {
        page = seen(store, index);
        page = page == NULL ? store_zero_page() : page;
    }
    if (status == ZX_OK) {
        *out = page_to_paddr(page);
    }
    return status;
}

// What the page at index, and those behind it, need to be had; ZX_OK: it is had now.
static zx_status_t missing_run(struct vmo_store* store, uint64_t index, uint64_t end,
                               struct page_want* want) {
    zx_status_t status = paged_missing(store, index, false, 1, want);
    if (status == ZX_OK) {
        return is_clone(store) ? clone_own(store, index, &(struct page*){NULL})
                               : sourced_have(store, index, want);
    }
    end = min(end, store->size >> PAGE_SHIFT);
    while (status == ZX_ERR_SHOULD_WAIT && ++index < end) {
        struct page_want next;
        if (paged_find(store, index) != NULL ||
            paged_missing(store, index, false, 1, &next) != ZX_ERR_SHOULD_WAIT ||
            next.offset != want->offset + want->length) {
            break;
        }
        want->length += next.length;
    }
    return status;
}

zx_status_t paged_commit(struct vmo_store* store, uint64_t offset, uint64_t size) {
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t end = index + pages_of(offset, size);
    if (end - index > pmm_total_pages()) {
        return ZX_ERR_NO_MEMORY;
    }
    while (index < min(end, store->size >> PAGE_SHIFT)) {
        struct page_want want;
        zx_status_t status = missing_run(store, index, end, &want);
        if (status == ZX_OK) {
            index++;
        } else if (status == ZX_ERR_SHOULD_WAIT) {
            status = wait(store, &want);
        }
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

void paged_expect(struct vmo_store* store, uint64_t offset, uint64_t size) {
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t end = index + pages_of(offset, size);
    zx_status_t status = ZX_OK;
    while (status != ZX_ERR_INTERNAL_INTR_KILLED && index < min(end, store->size >> PAGE_SHIFT)) {
        status = paged_bring(store, index << PAGE_SHIFT, 1, false); // a hint does not fail
        index++;
    }
}

zx_status_t paged_commit_for_pin(struct vmo_store* store, uint64_t offset, uint64_t size,
                                 bool writes) {
    zx_status_t status = paged_commit(store, offset, size);
    for (uint64_t at = offset; writes && status == ZX_OK && at < offset + size; at += PAGE_SIZE) {
        status = paged_bring(store, at, offset + size - at, true);
        if (status == ZX_OK) {
            paddr_t ignored;
            status = paged_get_page(store, at, true, &ignored);
        }
    }
    if (status == ZX_OK && offset + size > store->size) {
        status = ZX_ERR_OUT_OF_RANGE; // it has shrunk meanwhile
    }
    return status;
}

// ---- zeros ---------------------------------------------------------------------------------

bool paged_is_pinned(const struct vmo_store* store, uint64_t index) {
    return store_is_pinned(store, index << PAGE_SHIFT, PAGE_SIZE);
}

zx_status_t paged_write_zeros(struct vmo_store* store, uint64_t index) {
    paddr_t page;
    zx_status_t status = paged_get_page(store, index << PAGE_SHIFT, true, &page);
    if (status == ZX_OK) {
        memset(phys_to_virt(page), 0, PAGE_SIZE);
    }
    return status;
}

zx_status_t paged_drop_unpinned(struct vmo_store* store, uint64_t first, uint64_t end) {
    zx_status_t status = ZX_OK;
    uint64_t index = first;
    for (uintptr_t* slot; status == ZX_OK && (slot = store_next_slot(store, &index, end)) != NULL;
         index++) {
        if (paged_is_pinned(store, index)) {
            status = paged_write_zeros(store, index);
        } else {
            store_drop_range(store, index << PAGE_SHIFT, PAGE_SIZE);
        }
    }
    return status;
}

// Whether a page is known to be zeros.
static bool reads_zero(struct vmo_store* store, uint64_t index) {
    const struct page* page = paged_find(store, index);
    return page == NULL ? !is_clone(store) && sourced_is_implied(store, index)
                        : page == store_zero_page();
}

static zx_status_t zero_part(struct vmo_store* store, uint64_t offset, uint64_t size) {
    if (size == 0) {
        return ZX_OK;
    }
    if (offset >= store->size) {
        return ZX_ERR_OUT_OF_RANGE; // it has shrunk meanwhile
    }
    if (reads_zero(store, offset >> PAGE_SHIFT)) {
        return ZX_OK;
    }
    paddr_t page;
    zx_status_t status = paged_get_page(store, offset, true, &page);
    if (status == ZX_OK) {
        memset((char*)phys_to_virt(page) + (offset & (PAGE_SIZE - 1)), 0, size);
    }
    return status;
}

// Makes a page of the parent's, or a copy of one, zeros.
static zx_status_t hide(struct vmo_store* store, uint64_t index) {
    const struct page* shown =
        seen(store->paged->parent, index + (store->paged->offset >> PAGE_SHIFT));
    uintptr_t* slot = store_make_slot(store, index);
    if (slot == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct page* zeros = store_zero_page();
    if (shown == NULL || shown == zeros) { // nothing there to be hidden
        if (*slot != 0) {
            memset(page_to_virt(store_slot_page(*slot)), 0, PAGE_SIZE);
            return ZX_OK;
        }
        zeros = pmm_alloc_zeroed();
        if (zeros == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        zeros->references = 0;
    }
    zeros->references++;
    store_set_slot(store, slot, zeros);
    return ZX_OK;
}

static zx_status_t clone_zero_pages(struct vmo_store* store, uint64_t first, uint64_t end) {
    struct paged* paged = store->paged;
    uint64_t start = first << PAGE_SHIFT;
    store_revoke(store, start, (end - first) << PAGE_SHIFT);
    if (start < paged->limit && paged->limit <= end << PAGE_SHIFT) {
        paged->limit = start;
    }
    zx_status_t status = ZX_OK;
    uint64_t index = first;
    for (; status == ZX_OK && index < min(end, paged->limit >> PAGE_SHIFT); index++) {
        if (paged_is_pinned(store, index)) {
            status = paged_write_zeros(store, index);
        } else if (!reads_zero(store, index)) {
            status = hide(store, index);
        }
    }
    return status == ZX_OK ? paged_drop_unpinned(store, index, end) : status;
}

zx_status_t paged_zero(struct vmo_store* store, uint64_t offset, uint64_t size) {
    uint64_t end = offset + size;
    uint64_t first = PAGE_ALIGN_UP(offset);
    uint64_t last = PAGE_ALIGN_DOWN(end);
    if (first > last) { // inside one page
        return zero_part(store, offset, size);
    }
    zx_status_t status = zero_part(store, offset, first - offset);
    if (status == ZX_OK) {
        status = zero_part(store, last, end - last);
    }
    if (status != ZX_OK || first == last) {
        return status;
    }
    if (last > store->size) {
        return ZX_ERR_OUT_OF_RANGE; // it has shrunk meanwhile
    }
    return is_clone(store) ? clone_zero_pages(store, first >> PAGE_SHIFT, last >> PAGE_SHIFT)
                           : sourced_zero_pages(store, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
}

// ---- clones, size, end ---------------------------------------------------------------------

// What has no pages of its own there need not stand between a clone and what it shows.
static bool is_in_the_way(struct vmo_store* store, uint64_t offset, uint64_t limit) {
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t end = index + pages_of(offset, limit);
    return !is_clone(store) || (limit > 0 && store_next_slot(store, &index, end) != NULL);
}

zx_status_t paged_create_clone(struct vmo_store* store, uint64_t offset, uint64_t size,
                               struct vmo_store** out) {
    uint64_t origin = store->origin + offset;
    uint64_t limit = offset < store->size ? min(size, store->size - offset) : 0;
    while (!is_in_the_way(store, offset, limit)) {
        struct paged* between = store->paged;
        limit = offset < between->limit ? min(limit, between->limit - offset) : 0;
        offset += between->offset;
        store = between->parent;
    }
    struct vmo_store* clone = paged_create(size);
    if (clone == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    store->references++;
    clone->snapshot = true;
    clone->origin = origin;
    clone->paged->parent = store;
    clone->paged->offset = offset;
    clone->paged->limit = limit;
    list_push_back(&store->paged->clones, &clone->paged->clone_link);
    *out = clone;
    return ZX_OK;
}

void paged_resize(struct vmo_store* store, uint64_t size) {
    list_for_each(node, &store->paged->clones) { // what goes stays gone for them
        struct paged* clone = container_of(node, struct paged, clone_link);
        clone->limit = min(clone->limit, size > clone->offset ? size - clone->offset : 0);
    }
    if (is_clone(store)) {
        store->paged->limit = min(store->paged->limit, size);
    } else {
        sourced_resize(store, size);
    }
}

void paged_revoke_clones(struct vmo_store* store, uint64_t offset, uint64_t size) {
    list_for_each(node, &store->paged->clones) {
        struct paged* clone = container_of(node, struct paged, clone_link);
        uint64_t end = offset + size;
        uint64_t start = offset > clone->offset ? offset : clone->offset;
        if (start < end) {
            store_revoke(clone->store, start - clone->offset, end - start);
        }
    }
}

struct vmo_store* paged_destroy(struct vmo_store* store) {
    struct paged* paged = store->paged;
    struct vmo_store* parent = paged->parent;
    if (parent != NULL) {
        list_remove(&paged->clone_link);
    } else {
        page_source_close(paged->source);
    }
    kfree(paged);
    return parent;
}

// Stores whose pages come from a pager, and what the pager does with them.
//
// Pages from zero_from on were never the pager's: absent ones are zeros, and as dirty as those that
// have been written to, until the pager has written them back, up to cleaning_to (0: it does not).
#include "sourced_store.h"

#include "string.h"

// States of pages.  What is being written back is still dirty, but the pager is asked again before
// it is changed.
enum { CLEAN, DIRTY, CLEANING };

// A request to make pages dirty extends over this many of those that are about to be written.
#define DIRTY_AHEAD 16

struct vmo_store* sourced_create(struct page_source* source, uint64_t size) {
    struct vmo_store* store = paged_create(size);
    if (store != NULL) {
        store->paged->source = source;
        store->paged->zero_from = size;
    }
    return store;
}

static uint64_t min(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t max(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

// ---- pages, as whoever uses the VMO sees them ----------------------------------------------

bool sourced_is_implied(const struct vmo_store* store, uint64_t index) {
    return index << PAGE_SHIFT >= store->paged->zero_from;
}

// The zero page that stands for supplied zeros is never dirty.
static bool is_dirty(const struct page* page) {
    return page != NULL && page != store_zero_page() && page->state == DIRTY;
}

static bool is_clean(const struct page* page) {
    return page == store_zero_page() || page->state == CLEAN;
}

static zx_status_t want_pages(struct vmo_store* store, uint32_t command, uint64_t index,
                              uint64_t count, struct page_want* want) {
    struct page_source* source = store->paged->source;
    if (page_source_is_detached(source)) {
        return ZX_ERR_BAD_STATE;
    }
    *want = (struct page_want){source, command, index << PAGE_SHIFT, count << PAGE_SHIFT};
    return ZX_ERR_SHOULD_WAIT;
}

static bool can_become_dirty(struct vmo_store* store, uint64_t index) {
    const struct page* page = paged_find(store, index);
    return page == NULL ? sourced_is_implied(store, index) : !is_dirty(page);
}

zx_status_t sourced_missing(struct vmo_store* store, uint64_t index, bool write, uint64_t count,
                            struct page_want* want) {
    const struct page* page = paged_find(store, index);
    if (page == NULL && !sourced_is_implied(store, index)) {
        return want_pages(store, ZX_PAGER_VMO_READ, index, 1, want);
    }
    if (!write || !page_source_traps_dirty(store->paged->source) || is_dirty(page)) {
        return ZX_OK;
    }
    uint64_t last = min(index + min(count, DIRTY_AHEAD), store->size >> PAGE_SHIFT);
    uint64_t run = 1;
    while (index + run < last && can_become_dirty(store, index + run)) {
        run++;
    }
    return want_pages(store, ZX_PAGER_VMO_DIRTY, index, run, want);
}

// What is at an offset behind zero_from is not what is being written back.
static void clean_only_to(struct paged* paged, uint64_t offset) {
    if (paged->zero_from <= offset && offset < paged->cleaning_to) {
        paged->cleaning_to = offset > paged->zero_from ? offset : 0;
    }
}

static void move_zero_from(struct paged* paged, uint64_t offset) {
    if (offset < paged->zero_from || offset >= paged->cleaning_to) {
        paged->cleaning_to = 0;
    }
    paged->zero_from = offset;
}

zx_status_t sourced_own(struct vmo_store* store, uint64_t index, bool dirty, struct page** out) {
    struct page* page = paged_find(store, index);
    if (page == NULL || page == store_zero_page()) {
        uintptr_t* slot = store_make_slot(store, index);
        page = slot == NULL ? NULL : pmm_alloc_zeroed();
        if (page == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        page->references = 1;
        page->state = CLEAN;
        store_set_slot(store, slot, page);
        store_revoke(store, index << PAGE_SHIFT, PAGE_SIZE);
        dirty = dirty || sourced_is_implied(store, index);
    }
    if (dirty) {
        page->state = DIRTY;
        clean_only_to(store->paged, index << PAGE_SHIFT);
    }
    *out = page;
    return ZX_OK;
}

zx_status_t sourced_have(struct vmo_store* store, uint64_t index, struct page_want* want) {
    if (paged_find(store, index) == NULL && page_source_traps_dirty(store->paged->source)) {
        return want_pages(store, ZX_PAGER_VMO_DIRTY, index, 1, want); // implied zeros are dirty
    }
    struct page* ignored;
    return sourced_own(store, index, false, &ignored);
}

// ---- pieces of a range ---------------------------------------------------------------------

// A page, or the gap between two.
struct piece {
    uint64_t offset, end; // bytes
    struct page* page;    // NULL: a gap
};

// The piece that begins at offset; false: offset is the end of the range.
static bool piece_at(struct vmo_store* store, uint64_t offset, uint64_t end, struct piece* piece) {
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t last = end >> PAGE_SHIFT;
    if (index >= last) {
        return false;
    }
    uintptr_t* slot = store_next_slot(store, &index, last);
    uint64_t found = slot == NULL ? end : index << PAGE_SHIFT;
    *piece = (struct piece){offset, found, NULL};
    if (found == offset) {
        piece->end = offset + PAGE_SIZE;
        piece->page = store_slot_page(*slot);
    }
    return true;
}

static bool is_absent(const struct page* page) {
    return page == NULL;
}

static bool is_not_dirty(const struct page* page) {
    return !is_dirty(page);
}

// Tells the source that nobody needs an answer about the wanted pieces of a range.
static void resolve(struct vmo_store* store, uint32_t command, uint64_t start, uint64_t end,
                    bool (*wanted)(const struct page* page)) {
    struct piece piece;
    for (uint64_t at = start; piece_at(store, at, end, &piece); at = piece.end) {
        if (wanted(piece.page)) {
            page_source_resolve(store->paged->source, command, piece.offset,
                                piece.end - piece.offset);
        }
    }
}

zx_status_t sourced_zero_pages(struct vmo_store* store, uint64_t first, uint64_t end) {
    struct paged* paged = store->paged;
    uint64_t start = first << PAGE_SHIFT;
    if (start < paged->zero_from && paged->zero_from <= end << PAGE_SHIFT &&
        !store_is_pinned(store, start, paged->zero_from - start)) {
        resolve(store, ZX_PAGER_VMO_READ, start, paged->zero_from, is_absent);
        move_zero_from(paged, start);
    }
    zx_status_t status = ZX_OK;
    uint64_t index = first;
    for (; status == ZX_OK && index < end && !sourced_is_implied(store, index); index++) {
        if (paged_find(store, index) != store_zero_page()) {
            status = paged_write_zeros(store, index);
        }
    }
    if (status == ZX_OK) {
        status = paged_drop_unpinned(store, index, end);
        paged->modified = true;
    }
    return status;
}

void sourced_resize(struct vmo_store* store, uint64_t size) {
    struct paged* paged = store->paged;
    if (size < store->size) {
        resolve(store, ZX_PAGER_VMO_READ, size, store->size, is_absent);
        resolve(store, ZX_PAGER_VMO_DIRTY, size, store->size, is_not_dirty);
        if (size < paged->zero_from) {
            move_zero_from(paged, size);
        } else {
            clean_only_to(paged, size);
        }
    }
    paged->modified = true;
}

// ---- what the pager does -------------------------------------------------------------------

static zx_status_t check_range(const struct vmo_store* store, uint64_t offset, uint64_t size) {
    bool inside = offset <= store->size && size <= store->size - offset;
    return inside ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

// A page of another store's as this one's own: the page itself if nobody else has it.
static struct page* adopt(struct page* page) {
    if (page == NULL || page == store_zero_page()) {
        page = store_zero_page();
        page->references++;
        return page;
    }
    struct page* own = page;
    if (page->references > 1) {
        own = pmm_alloc();
        if (own == NULL) {
            return NULL;
        }
        memcpy(page_to_virt(own), page_to_virt(page), PAGE_SIZE);
        own->references = 0;
    }
    own->references++;
    own->state = CLEAN;
    return own;
}

static zx_status_t supply_page(struct vmo_store* store, uint64_t index, struct page* page) {
    if (paged_find(store, index) != NULL || sourced_is_implied(store, index)) {
        return ZX_OK;
    }
    uintptr_t* slot = store_make_slot(store, index);
    page = slot == NULL ? NULL : adopt(page);
    if (page == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    store_set_slot(store, slot, page);
    page_source_resolve(store->paged->source, ZX_PAGER_VMO_READ, index << PAGE_SHIFT, PAGE_SIZE);
    return ZX_OK;
}

zx_status_t sourced_supply(struct vmo_store* store, uint64_t offset, uint64_t size,
                           struct vmo_store* from, uint64_t from_offset) {
    zx_status_t status = check_range(store, offset, size);
    store_revoke(from, from_offset, size);
    for (uint64_t done = 0; status == ZX_OK && done < size; done += PAGE_SIZE) {
        struct page* page = paged_find(from, (from_offset + done) >> PAGE_SHIFT);
        status = supply_page(store, (offset + done) >> PAGE_SHIFT, page);
    }
    store_drop_range(from, from_offset, size); // what was taken has a reference more
    return status;
}

zx_status_t sourced_fail(struct vmo_store* store, uint64_t offset, uint64_t size,
                         zx_status_t failure) {
    zx_status_t status = check_range(store, offset, size);
    if (status == ZX_OK) {
        page_source_fail(store->paged->source, offset, size, failure);
    }
    return status;
}

// Whether all pages of a range can be made dirty.
static zx_status_t can_make_dirty(struct vmo_store* store, uint64_t offset, uint64_t end) {
    if (end > store->size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    struct piece piece;
    for (uint64_t at = offset; piece_at(store, at, end, &piece); at = piece.end) {
        if (piece.page == NULL && at < store->paged->zero_from) {
            return ZX_ERR_NOT_FOUND;
        }
    }
    return (end - offset) >> PAGE_SHIFT > pmm_total_pages() ? ZX_ERR_NO_MEMORY : ZX_OK;
}

zx_status_t sourced_make_dirty(struct vmo_store* store, uint64_t offset, uint64_t size) {
    uint64_t end = offset + size;
    if (!page_source_traps_dirty(store->paged->source)) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (offset > store->size || end < offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    zx_status_t status = can_make_dirty(store, offset, end);
    uint64_t resolved_to = min(end, store->size);
    for (uint64_t at = offset; at < end && status == ZX_OK; at += PAGE_SIZE) {
        struct page* page = paged_find(store, at >> PAGE_SHIFT);
        if (!is_dirty(page)) {
            status = sourced_own(store, at >> PAGE_SHIFT, true, &page);
            page_source_resolve(store->paged->source, ZX_PAGER_VMO_DIRTY, at, PAGE_SIZE);
        }
    }
    if (status != ZX_OK) {
        resolve(store, ZX_PAGER_VMO_DIRTY, offset, resolved_to, is_not_dirty);
    }
    return status;
}

// Lets pages of a range that are in one state be in another.
static void change_state(struct vmo_store* store, uint64_t start, uint64_t end, uint32_t from,
                         uint32_t to) {
    struct piece piece;
    for (uint64_t at = start; piece_at(store, at, end, &piece); at = piece.end) {
        bool stays_dirty = to == CLEANING && paged_is_pinned(store, at >> PAGE_SHIFT);
        if (piece.page != NULL && piece.page != store_zero_page() && piece.page->state == from &&
            !stays_dirty) {
            piece.page->state = to;
        }
    }
}

zx_status_t sourced_begin_writeback(struct vmo_store* store, uint64_t offset, uint64_t size,
                                    bool zeros) {
    struct paged* paged = store->paged;
    zx_status_t status = check_range(store, offset, size);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t end = offset + size;
    if (!zeros) {
        change_state(store, offset, end, DIRTY, CLEANING);
    }
    uint64_t continued = paged->cleaning_to == 0 ? paged->zero_from : paged->cleaning_to;
    if (offset <= continued && continued < end) {
        paged->cleaning_to = end;
    }
    store_revoke(store, offset, size); // whoever writes is to be noticed
    return ZX_OK;
}

zx_status_t sourced_end_writeback(struct vmo_store* store, uint64_t offset, uint64_t size) {
    struct paged* paged = store->paged;
    zx_status_t status = check_range(store, offset, size);
    if (status != ZX_OK || offset > paged->zero_from) {
        return status; // nothing in the midst of implied zeros becomes clean
    }
    uint64_t end = offset + size;
    change_state(store, offset, min(end, paged->zero_from), CLEANING, CLEAN);
    if (paged->cleaning_to != 0 && end > paged->zero_from) {
        uint64_t saved = min(paged->cleaning_to, end);
        change_state(store, paged->zero_from, saved, CLEANING, CLEAN);
        move_zero_from(paged, saved);
    }
    return ZX_OK;
}

void sourced_settle_dirty(struct vmo_store* store, uint64_t start, uint64_t end) {
    struct paged* paged = store->paged;
    if (start <= paged->zero_from && paged->zero_from < end) {
        uint64_t at = paged->zero_from;
        while (at < end && paged_find(store, at >> PAGE_SHIFT) != NULL) {
            at += PAGE_SIZE;
        }
        move_zero_from(paged, at);
    }
}

// A range ends where pages become clean, and at implied zeros.
bool sourced_next_dirty(struct vmo_store* store, uint64_t* offset, uint64_t end,
                        zx_vmo_dirty_range_t* range) {
    uint64_t zero_from = store->paged->zero_from;
    struct piece piece;
    memset(range, 0, sizeof(*range));
    for (; piece_at(store, *offset, end, &piece); *offset = piece.end) {
        bool is_zero = piece.page == NULL;
        if (is_zero && piece.offset < zero_from) {
            piece.end = min(piece.end, max(zero_from, piece.offset));
        }
        bool counts = is_zero ? piece.offset >= zero_from : !is_clean(piece.page);
        if (range->length > 0 && (!counts || is_zero)) {
            return true;
        }
        if (counts) {
            range->offset = range->length == 0 ? piece.offset : range->offset;
            range->length += piece.end - piece.offset;
        }
        if (counts && is_zero) {
            range->options = ZX_VMO_DIRTY_RANGE_IS_ZERO;
            *offset = piece.end;
            return true;
        }
    }
    return range->length > 0;
}

void sourced_detach(struct vmo_store* store) {
    page_source_detach(store->paged->source);
    store_revoke(store, 0, store->size);
    uint64_t index = 0;
    for (uintptr_t* slot;
         (slot = store_next_slot(store, &index, store->size >> PAGE_SHIFT)) != NULL; index++) {
        if (is_clean(store_slot_page(*slot))) {
            store_set_slot(store, slot, NULL);
        }
    }
}

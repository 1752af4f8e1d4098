// The pages behind VMOs: a sparse array of pages made on demand, and the mappings that show them.
#pragma once

#include "list.h"
#include "pmm.h"

struct page_node;
struct mapping;
struct paged;

struct vmo_store {
    uint32_t references;   // VMOs that are windows on it, stores that show its pages
    uint64_t size;         // bytes, whole pages
    uint64_t content_size; // bytes
    uint64_t origin;       // offset from the first of its ancestors, bytes
    bool resizable;
    bool discardable;
    bool snapshot;         // made as one: an absent page need not have been zero in the parent
    bool physical;         // pages [base, base + size) that it does not own
    bool wired;            // its pages are the kernel's image, which nobody may change
    bool device;           // physical, and no memory: for mappings only
    bool contiguous;       // its pages are neighbours, and stay
    bool zero_page_mapped; // some mapping shows the shared zero page
    uint32_t lock_count;   // of a discardable store
    struct paged* paged;   // its pages may have to come first (paged_store.h); NULL: they need not
    paddr_t base;
    struct page_node* root;
    uint32_t height;           // levels of the tree; 0: no page yet
    uint64_t page_count;       // pages in the tree
    struct list_node mappings; // mapping.store_link
    struct list_node pins;     // pin.link
};

// A range whose pages stay where they are, since a device may use them.
struct pin {
    struct list_node link;
    uint64_t offset, size; // bytes, whole pages
};

// With one reference; NULL without memory.
struct vmo_store* store_create(uint64_t size);
void store_unref(struct vmo_store* store);
// The page at an offset inside the store.  For reading an absent page is the shared zero page, for
// writing the page is made, or copied if another store shares it.  NO_MEMORY.
zx_status_t store_get_page(struct vmo_store* store, uint64_t offset, bool for_write, paddr_t* out);
// Gives a new store all its pages, neighbours at an alignment.  NO_MEMORY.
zx_status_t store_fill(struct vmo_store* store, uint32_t alignment_log2);
// The page if there is one that only this store has, or a physical one; false: none.
bool store_peek(struct vmo_store* store, uint64_t offset, paddr_t* out, bool* writable);
// The same, and how many neighbours of that page follow it in the store, all as writable as it is:
// at most that many pages in all, 0 if there is none at the offset.
size_t store_peek_run(struct vmo_store* store, uint64_t offset, size_t most, paddr_t* out,
                      bool* writable);
bool store_is_zero_page(paddr_t page);

// For stores whose pages may have to come first.  The slot of a page, NULL: it has none yet.
uintptr_t* store_find_slot(struct vmo_store* store, uint64_t index);
// The same, made if need be; NULL without memory.
uintptr_t* store_make_slot(struct vmo_store* store, uint64_t index);
// That of the first page with index *index or above, below end; NULL if there is none.
uintptr_t* store_next_slot(struct vmo_store* store, uint64_t* index, uint64_t end);
// The page in a slot; NULL: none.
struct page* store_slot_page(uintptr_t slot);
// Lets a slot hold another page, which takes over a reference, or none (NULL).  The page of zeros,
// which says that the page is known to be zeros, counts as nobody's.
void store_set_slot(struct vmo_store* store, uintptr_t* slot, struct page* page);
struct page* store_zero_page(void);
// Forgets the pages of [offset, offset + size), whole pages: they read as zero from now on.
void store_drop_range(struct vmo_store* store, uint64_t offset, uint64_t size);
// Takes the pages away from all mappings that show them; they fault again.
void store_revoke(struct vmo_store* store, uint64_t offset, uint64_t size);
// Gives child (empty, new) the pages of parent from offset on.
zx_status_t store_share(struct vmo_store* parent, uint64_t offset, struct vmo_store* child);
// Gives a new store the pages from base on, which belong to no free list.  NO_MEMORY.
zx_status_t store_wire(struct vmo_store* store, paddr_t base);
// Makes the pages of a range, unless a pager does, and pins them; NULL without memory.  A pin that
// nobody takes back goes with the store.
struct pin* store_pin(struct vmo_store* store, uint64_t offset, uint64_t size);
void store_unpin(struct pin* pin);
// Whether some page of the range is pinned.
bool store_is_pinned(const struct vmo_store* store, uint64_t offset, uint64_t size);
// Pages that count as this store's own.
uint64_t store_committed_pages(struct vmo_store* store, uint64_t offset, uint64_t size);

// Stores whose pages need not be there: they are asked for, and what touches them waits.
//
// The pages of a sourced store come from a pager (sourced_store.h).  A clone shows the pages of
// another such store where it has none itself.
//
// Whoever waits here goes on with the store as it is then, but for what else it knows: its VMO is
// to be kept by a reference, and mappings and pages are to be looked up again.
#pragma once

#include "page_source.h"
#include "vmo_store.h"

struct paged {
    struct page_source* source;  // NULL: a clone
    struct vmo_store* parent;    // of a clone: whose pages it shows, a reference
    uint64_t offset;             // where a clone begins there, bytes
    uint64_t limit;              // up to where it shows them, bytes; behind that are zeros
    struct list_node clone_link; // in the parent's clones
    struct list_node clones;     // paged.clone_link
    struct vmo_store* store;     // that all this is about
    uint64_t zero_from;          // the rest is of sourced stores: see sourced_store.c
    uint64_t cleaning_to;
    bool modified;
};

// The page at an offset, waited for.  OUT_OF_RANGE: it is gone meanwhile; BAD_STATE: it can not
// come any more; NO_MEMORY, ZX_ERR_INTERNAL_INTR_KILLED; what the pager says has failed.
zx_status_t paged_get_page(struct vmo_store* store, uint64_t offset, bool for_write, paddr_t* out);
// Waits until the page at an offset can be read or written; so many bytes are about to be, from
// there on.  The same errors.
zx_status_t paged_bring(struct vmo_store* store, uint64_t offset, uint64_t length, bool write);
// The same, but waits only once: ZX_ERR_SHOULD_WAIT says that it has, and that the store may be
// gone.
zx_status_t paged_bring_once(struct vmo_store* store, uint64_t offset, bool write);
// Has every page of a range, asking at once for those that follow one another.
zx_status_t paged_commit(struct vmo_store* store, uint64_t offset, uint64_t size);
// Has the pages of a range come that can come: they will be needed.
void paged_expect(struct vmo_store* store, uint64_t offset, uint64_t size);
// Has the pages of a range, for somebody who only reads them or who writes to them.
zx_status_t paged_commit_for_pin(struct vmo_store* store, uint64_t offset, uint64_t size,
                                 bool writes);
// Makes a range zeros.
zx_status_t paged_zero(struct vmo_store* store, uint64_t offset, uint64_t size);
// A store of its own that shows this one's pages from an offset on.  NO_MEMORY.
zx_status_t paged_create_clone(struct vmo_store* store, uint64_t offset, uint64_t size,
                               struct vmo_store** out);
// Before the store gets another size.
void paged_resize(struct vmo_store* store, uint64_t size);
// Clones show a range anew.
void paged_revoke_clones(struct vmo_store* store, uint64_t offset, uint64_t size);
// The store is going; returns the one that it showed the pages of, with the reference; NULL: none.
struct vmo_store* paged_destroy(struct vmo_store* store);

// ---- what both kinds of stores have in common, pages by number -----------------------------

// With one reference; NULL without memory.
struct vmo_store* paged_create(uint64_t size);
// What has to come before a page can be read or written (ZX_ERR_SHOULD_WAIT), ZX_OK: nothing, or
// BAD_STATE.  count pages from there on are about to be written.
zx_status_t paged_missing(struct vmo_store* store, uint64_t index, bool write, uint64_t count,
                          struct page_want* want);
// The page that is there; NULL: none.
struct page* paged_find(struct vmo_store* store, uint64_t index);
// The page at index made the store's own, of which nothing is missing.  NO_MEMORY.
zx_status_t paged_own(struct vmo_store* store, uint64_t index, bool dirty, struct page** out);
// Writes zeros to a page of the store's own, waiting for it.
zx_status_t paged_write_zeros(struct vmo_store* store, uint64_t index);
// Drops the pages of [first, end) but for those that are pinned, which are made zeros.
zx_status_t paged_drop_unpinned(struct vmo_store* store, uint64_t first, uint64_t end);
bool paged_is_pinned(const struct vmo_store* store, uint64_t index);

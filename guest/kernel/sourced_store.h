// Stores whose pages come from a pager, and what the pager does with them.
#pragma once

#include "paged_store.h"

// Takes over the reference to the source.  NULL without memory.
struct vmo_store* sourced_create(struct page_source* source, uint64_t size);
// Those of paged_store.h, for stores of this kind.
zx_status_t sourced_missing(struct vmo_store* store, uint64_t index, bool write, uint64_t count,
                            struct page_want* want);
zx_status_t sourced_own(struct vmo_store* store, uint64_t index, bool dirty, struct page** out);
// Has a page of which nothing is missing, as it is; ZX_ERR_SHOULD_WAIT: something is to come first.
zx_status_t sourced_have(struct vmo_store* store, uint64_t index, struct page_want* want);
// Whether the page is zeros if it is absent.
bool sourced_is_implied(const struct vmo_store* store, uint64_t index);
zx_status_t sourced_zero_pages(struct vmo_store* store, uint64_t first, uint64_t end);
void sourced_resize(struct vmo_store* store, uint64_t size);

// What the pager does: offsets and sizes in bytes, whole pages.
// Moves pages there where there are none yet, and drops the others.  OUT_OF_RANGE, NO_MEMORY.
zx_status_t sourced_supply(struct vmo_store* store, uint64_t offset, uint64_t size,
                           struct vmo_store* from, uint64_t from_offset);
// ZX_PAGER_OP_FAIL: nothing that is asked for in a range will come.  OUT_OF_RANGE.
zx_status_t sourced_fail(struct vmo_store* store, uint64_t offset, uint64_t size,
                         zx_status_t failure);
// ZX_PAGER_OP_DIRTY: pages may be written to.  NOT_SUPPORTED: nobody asks before; OUT_OF_RANGE,
// NOT_FOUND: not all have been supplied; NO_MEMORY.  Who waits for the range looks again in any
// case.
zx_status_t sourced_make_dirty(struct vmo_store* store, uint64_t offset, uint64_t size);
// ZX_PAGER_OP_WRITEBACK_BEGIN: dirty pages are being saved, or only implied zeros.  OUT_OF_RANGE.
zx_status_t sourced_begin_writeback(struct vmo_store* store, uint64_t offset, uint64_t size,
                                    bool zeros);
// ZX_PAGER_OP_WRITEBACK_END: what was being saved is saved.  OUT_OF_RANGE.
zx_status_t sourced_end_writeback(struct vmo_store* store, uint64_t offset, uint64_t size);
// Finds the next range that is not saved: from *offset on, below end (whole pages).  Moves *offset
// behind it; false: there is none.
bool sourced_next_dirty(struct vmo_store* store, uint64_t* offset, uint64_t end,
                        zx_vmo_dirty_range_t* range);
// Before sourced_next_dirty: counts pages at the beginning of implied zeros as just dirty.
void sourced_settle_dirty(struct vmo_store* store, uint64_t start, uint64_t end);
// The pager supplies nothing any more: only what it has yet to save stays.
void sourced_detach(struct vmo_store* store);

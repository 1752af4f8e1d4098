// Physical pages: a bitmap of the free ones, and one `struct page` per page of RAM.
#pragma once

#include "arch.h"

// Who a page in use belongs to decides which members count.
struct page {
    union {
        uint32_t references;     // VMOs (snapshots share pages) that hold it; 0 when allocated
        struct {                 // heap.c
            uint16_t slab_class; // index of its object size
            uint16_t slab_used;  // objects in use
            uint16_t slab_free;  // offset of the first freed object, 0xffff: none
            uint16_t slab_fresh; // offset behind the objects handed out so far
        };
    };
    union {
        uint32_t next;  // heap.c: neighbours among the slabs with room, as page numbers
        uint32_t state; // of one that a pager has supplied: sourced_store.c
    };
    uint32_t prev;
};

// Tells which RAM there is: [base, end).  Puts the allocator's own tables at the address metadata,
// and returns the first address behind them.  No page is free yet.
paddr_t pmm_init(paddr_t base, paddr_t end, paddr_t metadata);
void pmm_add_range(paddr_t start, paddr_t end);
// NULL if there is none.  Not zeroed.
struct page* pmm_alloc(void);
struct page* pmm_alloc_zeroed(void);
// Physically contiguous pages; the first is returned.
struct page* pmm_alloc_contiguous(size_t pages, size_t alignment_log2);
void pmm_free(struct page* page);
// The same for a page that holds zeros only, as a table of pages does once all its entries are
// gone.
void pmm_free_zeroed(struct page* page);
paddr_t page_to_paddr(const struct page* page);
struct page* paddr_to_page(paddr_t address);
void* page_to_virt(const struct page* page);
size_t pmm_total_pages(void);
size_t pmm_free_pages(void);
// Pages the heap keeps but does not use any more (negative: uses again) are not counted as used.
void pmm_note_spare(long pages);

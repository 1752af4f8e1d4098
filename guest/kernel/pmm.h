// Physical pages: one free list, one `struct page` per page of RAM.
#pragma once

#include "arch.h"
#include "list.h"

struct page {
    union {
        struct list_node link;  // while free
        struct {
            uint32_t references; // VMOs (snapshots share pages) that hold it
            uint32_t pinned;
        };
    };
};

void pmm_add_range(paddr_t start, paddr_t end);
// NULL if there is none.  Not zeroed.
struct page* pmm_alloc(void);
struct page* pmm_alloc_zeroed(void);
// Physically contiguous pages; the first is returned.
struct page* pmm_alloc_contiguous(size_t pages, size_t alignment_log2);
void pmm_free(struct page* page);
paddr_t page_to_paddr(const struct page* page);
struct page* paddr_to_page(paddr_t address);
void* page_to_virt(const struct page* page);
size_t pmm_total_pages(void);
size_t pmm_free_pages(void);

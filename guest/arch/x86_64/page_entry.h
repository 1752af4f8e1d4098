// Entries of the page tables (page_table.h says what is asked of them).
#pragma once

#include "page_table.h"
#include "x86.h"

#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_U (1ull << 2)
#define PTE_PWT (1ull << 3)
#define PTE_PCD (1ull << 4)
#define PTE_A (1ull << 5)
#define PTE_D (1ull << 6)
#define PTE_PS (1ull << 7) // at a level above the last: a page, not a table
#define PTE_G (1ull << 8)
#define PTE_NX (1ull << 63)
// Set from the start, so that the processor need not write to the tables.
#define PTE_A_D (PTE_A | PTE_D)
#define PAGE_ENTRY_ADDRESS 0x000ffffffffff000ull

static inline bool page_entry_is_valid(uint64_t entry) {
    return entry & PTE_P;
}

// What is allowed stands at the last level.
static inline uint64_t page_entry_table(paddr_t table, uint32_t flags) {
    return table | PTE_P | PTE_W | PTE_A | (flags & MMU_USER ? PTE_U : 0);
}

static inline uint64_t page_entry_rights(uint32_t flags) {
    return (flags & MMU_WRITE ? PTE_W : 0) | (flags & MMU_EXECUTE ? 0 : PTE_NX) |
           (flags & MMU_DEVICE ? PTE_PCD | PTE_PWT : 0);
}

static inline uint64_t page_entry_user(paddr_t page, uint32_t flags) {
    return page | PTE_P | PTE_A_D | (flags & MMU_USER ? PTE_U : 0) | page_entry_rights(flags);
}

static inline uint32_t page_entry_flags(uint64_t entry) {
    return MMU_READ | (entry & PTE_W ? MMU_WRITE : 0) | (entry & PTE_NX ? 0 : MMU_EXECUTE) |
           (entry & PTE_U ? MMU_USER : 0) | (entry & PTE_PCD ? MMU_DEVICE : 0);
}

static inline uint64_t page_entry_kernel(paddr_t page, int level, uint32_t flags) {
    return page | PTE_P | PTE_G | PTE_A_D | (level > 0 ? PTE_PS : 0) | page_entry_rights(flags);
}

// One tree holds both halves, and the kernel's never changes after mmu_init: copies of the two
// entries of the top level that it uses are enough.
static inline unsigned page_root_index(uint64_t vaddr) {
    return vaddr >> 39 & (PAGE_TABLE_ENTRIES - 1);
}

static inline void page_root_share_kernel(uint64_t* root, const uint64_t* kernel_root) {
    root[page_root_index(PHYS_MAP_BASE)] = kernel_root[page_root_index(PHYS_MAP_BASE)];
    root[page_root_index(KERNEL_BASE)] = kernel_root[page_root_index(KERNEL_BASE)];
}

static inline void page_root_unshare_kernel(uint64_t* root) {
    root[page_root_index(PHYS_MAP_BASE)] = 0;
    root[page_root_index(KERNEL_BASE)] = 0;
}

static inline void page_root_load(paddr_t root) {
    write_cr3(root);
}

static inline void page_cache_flush(uint64_t vaddr) {
    invlpg(vaddr);
}

static inline void page_cache_flush_all(void) {
    write_cr3(read_cr3());
}

// The processor sees its own writes in order.
static inline void page_entry_published(void) {}

// Entries of the page tables (page_table.h says what is asked of them).
#pragma once

#include "arm64.h"

#define DESC_VALID (1ull << 0)
#define DESC_TABLE_OR_PAGE (1ull << 1) // of a block: 0
#define DESC_ATTRIBUTE(n) ((uint64_t)(n) << 2)
#define DESC_USER (1ull << 6)
#define DESC_READ_ONLY (1ull << 7)
#define DESC_INNER_SHAREABLE (3ull << 8)
#define DESC_ACCESSED (1ull << 10)
#define DESC_NOT_GLOBAL (1ull << 11)
#define DESC_PXN (1ull << 53) // the kernel may not execute it
#define DESC_UXN (1ull << 54) // the user may not
#define PAGE_ENTRY_ADDRESS 0x0000fffffffff000ull

static inline bool page_entry_is_valid(uint64_t entry) {
    return entry & DESC_VALID;
}

static inline uint64_t page_entry_table(paddr_t table, uint32_t flags) {
    (void)flags;
    return table | DESC_VALID | DESC_TABLE_OR_PAGE;
}

// What user and kernel pages have in common.
static inline uint64_t page_entry_page(paddr_t page, uint32_t flags) {
    return page | DESC_VALID | DESC_ACCESSED | DESC_INNER_SHAREABLE |
           (flags & MMU_WRITE ? 0 : DESC_READ_ONLY) |
           DESC_ATTRIBUTE(flags & MMU_DEVICE ? ATTRIBUTE_DEVICE : ATTRIBUTE_NORMAL);
}

static inline uint64_t page_entry_user(paddr_t page, uint32_t flags) {
    return page_entry_page(page, flags) | DESC_TABLE_OR_PAGE | DESC_NOT_GLOBAL | DESC_PXN |
           (flags & MMU_USER ? DESC_USER : 0) | (flags & MMU_EXECUTE ? 0 : DESC_UXN);
}

static inline uint32_t page_entry_flags(uint64_t entry) {
    return MMU_READ | (entry & DESC_READ_ONLY ? 0 : MMU_WRITE) |
           (entry & DESC_UXN ? 0 : MMU_EXECUTE) | (entry & DESC_USER ? MMU_USER : 0) |
           (entry & DESC_ATTRIBUTE(ATTRIBUTE_DEVICE) ? MMU_DEVICE : 0);
}

static inline uint64_t page_entry_kernel(paddr_t page, int level, uint32_t flags) {
    return page_entry_page(page, flags) | (level == 0 ? DESC_TABLE_OR_PAGE : 0) | DESC_UXN |
           (flags & MMU_EXECUTE ? 0 : DESC_PXN);
}

// The kernel's half is a tree of its own (TTBR1).
static inline void page_root_share_kernel(uint64_t* root, const uint64_t* kernel_root) {
    (void)root;
    (void)kernel_root;
}

static inline void page_root_unshare_kernel(uint64_t* root) {
    (void)root;
}

static inline void page_cache_flush(uint64_t vaddr) {
    __asm__ volatile("dsb ishst; tlbi vaae1, %0; dsb nsh; isb"
                     :
                     : "r"(vaddr >> PAGE_SHIFT)
                     : "memory");
}

static inline void page_cache_flush_all(void) {
    __asm__ volatile("dsb ishst; tlbi vmalle1; dsb nsh; isb" : : : "memory");
}

static inline void page_root_load(paddr_t root) {
    write_sysreg(ttbr0_el1, root);
    isb();
    page_cache_flush_all();
}

static inline void page_entry_published(void) {
    __asm__ volatile("dsb ishst; isb" : : : "memory");
}

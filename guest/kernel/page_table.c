// The walk through the page tables.
//
// `references` of a user table's struct page counts its entries in use, so that a table goes with
// its last page: after an unmapping the kernel's count of pages is what it was before.
//
// Address spaces share one number in the translation caches, which forget everything at each
// change: an emulator does so anyway.
#include "page_table.h"

#include "boot.h"
#include "first_process.h"
#include "page_entry.h"
#include "pmm.h"
#include "print.h"

#define TOP_LEVEL 3
// Up to so many pages are flushed one by one.
#define FLUSH_LIMIT 64

extern uint8_t text_start[], text_end[], rodata_end[];

static paddr_t no_user_root; // the tree while there is no user
static paddr_t current_root;

// The last-level table used last: neighbouring pages are often mapped one after the other.
static struct {
    paddr_t root; // 0: none
    uint64_t region;
    paddr_t table;
} last_leaf;

static uint64_t* table_at(uint64_t entry) {
    return phys_to_virt(entry & PAGE_ENTRY_ADDRESS);
}

// Level 0 is the last one, whose entries are pages of 4 KiB.
static unsigned index_at(uint64_t vaddr, int level) {
    return vaddr >> (PAGE_SHIFT + 9 * level) & (PAGE_TABLE_ENTRIES - 1);
}

// ---- the kernel's own half ----------------------------------------------------------------------

paddr_t page_table_new(void) {
    struct page* page = pmm_alloc_zeroed();
    if (page == NULL) {
        panic(NULL, "no memory for page tables");
    }
    return page_to_paddr(page);
}

void page_table_map_kernel(paddr_t root, uint64_t vaddr, paddr_t page, int level, uint32_t flags) {
    uint64_t* table = table_at(root);
    for (int l = TOP_LEVEL; l > level; l--) {
        uint64_t* entry = &table[index_at(vaddr, l)];
        if (!page_entry_is_valid(*entry)) {
            *entry = page_entry_table(page_table_new(), 0);
        }
        table = table_at(*entry);
    }
    table[index_at(vaddr, level)] = page_entry_kernel(page, level, flags);
}

// How a page of the kernel's image may be used.
static uint32_t image_flags(paddr_t page) {
    uint64_t vaddr = page - KERNEL_PHYSICAL_BASE + KERNEL_BASE;
    if (vaddr >= (uint64_t)text_start && vaddr < (uint64_t)text_end) {
        return MMU_READ | MMU_EXECUTE;
    }
    bool constant = vaddr >= (uint64_t)text_end && vaddr < (uint64_t)rodata_end &&
                    page != vdso_constants_page();
    return constant ? MMU_READ : MMU_READ | MMU_WRITE;
}

void page_table_map_memory(paddr_t root, paddr_t ram_start, paddr_t ram_end) {
    paddr_t image_start = boot_info.image_start, image_end = boot_info.image_end;
    for (paddr_t page = image_start; page < image_end; page += PAGE_SIZE) {
        uint32_t flags = image_flags(page);
        page_table_map_kernel(root, KERNEL_BASE + page - KERNEL_PHYSICAL_BASE, page, 0, flags);
        // In the physical map code and constants are read-only too.
        page_table_map_kernel(root, PHYS_MAP_BASE + page, page, 0, flags & ~MMU_EXECUTE);
    }
    paddr_t small_start = image_start & ~(LARGE_PAGE - 1);
    paddr_t small_end = (image_end + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    for (paddr_t page = small_start; page < small_end; page += PAGE_SIZE) {
        if (page < image_start || page >= image_end) {
            page_table_map_kernel(root, PHYS_MAP_BASE + page, page, 0, MMU_READ | MMU_WRITE);
        }
    }
    for (paddr_t page = ram_start; page < ram_end; page += LARGE_PAGE) {
        if (page < small_start || page >= small_end) {
            page_table_map_kernel(root, PHYS_MAP_BASE + page, page, 1, MMU_READ | MMU_WRITE);
        }
    }
}

static void set_root(paddr_t root) {
    current_root = root;
    page_root_load(root);
}

void page_table_start(paddr_t root) {
    no_user_root = root;
    set_root(root);
}

// ---- address spaces -----------------------------------------------------------------------------

zx_status_t arch_aspace_init(struct arch_aspace* aspace) {
    struct page* page = pmm_alloc_zeroed();
    if (page == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    aspace->root = page_to_paddr(page);
    page_root_share_kernel(table_at(aspace->root), table_at(no_user_root));
    return ZX_OK;
}

static void free_tables(paddr_t address, int level);

static void free_below(paddr_t address, int level) {
    uint64_t* table = table_at(address);
    struct page* page = paddr_to_page(address);
    for (unsigned i = 0; i < PAGE_TABLE_ENTRIES && page->references > 0; i++) {
        if (page_entry_is_valid(table[i])) {
            free_tables(table[i] & PAGE_ENTRY_ADDRESS, level - 1);
            table[i] = 0;
            page->references--;
        }
    }
}

static void free_tables(paddr_t address, int level) {
    if (level > 0) {
        free_below(address, level);
        pmm_free_zeroed(paddr_to_page(address));
    } else {
        pmm_free(paddr_to_page(address));
    }
}

static void free_root(paddr_t root) {
    page_root_unshare_kernel(table_at(root));
    pmm_free_zeroed(paddr_to_page(root));
}

// The top-level table of an address space that is gone but still the current one.  It is freed when
// the next one is activated: the end of a process costs one change of address space, not two, and
// each makes an emulator forget all it knows about memory.
static paddr_t doomed_root;

void arch_aspace_destroy(struct arch_aspace* aspace) {
    last_leaf.root = 0;
    free_below(aspace->root, TOP_LEVEL);
    if (aspace->root == current_root) {
        doomed_root = aspace->root;
    } else {
        free_root(aspace->root);
    }
    aspace->root = 0;
    mmu_changes++;
}

void arch_aspace_activate(struct arch_aspace* aspace) {
    paddr_t root = aspace != NULL ? aspace->root : no_user_root;
    if (root == current_root) {
        return;
    }
    set_root(root);
    if (doomed_root != 0) {
        free_root(doomed_root);
        doomed_root = 0;
    }
}

// The last-level table for an address, made if need be; 0 without memory.
static paddr_t leaf_table(struct arch_aspace* aspace, uint64_t vaddr) {
    uint64_t region = vaddr / LARGE_PAGE;
    if (last_leaf.root == aspace->root && last_leaf.region == region) {
        return last_leaf.table;
    }
    paddr_t address = aspace->root;
    for (int level = TOP_LEVEL; level > 0; level--) {
        uint64_t* entry = &table_at(address)[index_at(vaddr, level)];
        if (!page_entry_is_valid(*entry)) {
            struct page* table = pmm_alloc_zeroed();
            if (table == NULL) {
                return 0; // tables made so far stay until the next unmapping here
            }
            *entry = page_entry_table(page_to_paddr(table), MMU_USER);
            paddr_to_page(address)->references++;
        }
        address = *entry & PAGE_ENTRY_ADDRESS;
    }
    last_leaf.root = aspace->root;
    last_leaf.region = region;
    last_leaf.table = address;
    return address;
}

// Fills entries of a last-level table with neighbouring pages, the first of which `value` shows.
__attribute__((noinline)) static void fill_entries(struct arch_aspace* aspace, paddr_t table,
                                                   uint64_t vaddr, size_t count, uint64_t value) {
    uint64_t* entry = &table_at(table)[index_at(vaddr, 0)];
    struct page* page = paddr_to_page(table);
    for (; count > 0; count--, entry++, vaddr += PAGE_SIZE, value += PAGE_SIZE) {
        if (page_entry_is_valid(*entry)) {
            mmu_changes++;
            *entry = 0; // not straight from one page to another: out of the caches first
            if (aspace->root == current_root) {
                page_cache_flush(vaddr);
            }
        } else {
            page->references++;
        }
        *entry = value;
    }
}

zx_status_t arch_mmu_map(struct arch_aspace* aspace, uint64_t vaddr, paddr_t page, size_t count,
                         uint32_t flags) {
    while (count > 0) {
        paddr_t table = leaf_table(aspace, vaddr);
        if (table == 0) {
            return ZX_ERR_NO_MEMORY;
        }
        size_t in_table = PAGE_TABLE_ENTRIES - index_at(vaddr, 0);
        size_t part = count < in_table ? count : in_table;
        fill_entries(aspace, table, vaddr, part, page_entry_user(page, flags));
        count -= part;
        vaddr += part << PAGE_SHIFT;
        page += part << PAGE_SHIFT;
    }
    page_entry_published();
    return ZX_OK;
}

// Removes the pages of [vaddr, end) below a table; true if the table is empty now.
static bool unmap_range(paddr_t address, int level, uint64_t vaddr, uint64_t end) {
    uint64_t* table = table_at(address);
    struct page* page = paddr_to_page(address);
    uint64_t step = PAGE_SIZE << 9 * level;
    while (vaddr < end && page->references > 0) {
        uint64_t next = (vaddr & ~(step - 1)) + step;
        uint64_t* entry = &table[index_at(vaddr, level)];
        if (page_entry_is_valid(*entry)) {
            paddr_t below = *entry & PAGE_ENTRY_ADDRESS;
            if (level == 0 || unmap_range(below, level - 1, vaddr, next < end ? next : end)) {
                if (level > 0) {
                    pmm_free_zeroed(paddr_to_page(below));
                }
                *entry = 0;
                page->references--;
            }
        }
        vaddr = next;
    }
    return page->references == 0;
}

void arch_mmu_unmap(struct arch_aspace* aspace, uint64_t vaddr, size_t pages) {
    last_leaf.root = 0; // the table may go
    unmap_range(aspace->root, TOP_LEVEL, vaddr, vaddr + pages * PAGE_SIZE);
    mmu_changes++;
    if (aspace->root != current_root) {
        return; // making it current clears what was cached
    }
    if (pages > FLUSH_LIMIT) {
        page_cache_flush_all();
        return;
    }
    for (size_t i = 0; i < pages; i++) {
        page_cache_flush(vaddr + i * PAGE_SIZE);
    }
}

bool arch_mmu_query(struct arch_aspace* aspace, uint64_t vaddr, paddr_t* page, uint32_t* flags) {
    uint64_t entry = aspace->root;
    for (int level = TOP_LEVEL; level >= 0; level--) {
        entry = table_at(entry)[index_at(vaddr, level)];
        if (!page_entry_is_valid(entry)) {
            return false;
        }
    }
    *page = entry & PAGE_ENTRY_ADDRESS;
    *flags = page_entry_flags(entry);
    return true;
}

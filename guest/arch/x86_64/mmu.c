// Page tables: four levels of 512 entries, 4 KiB pages for user memory and the kernel's image,
// 2 MiB pages for the rest of the physical map.
//
// `references` of a user table's struct page counts its entries in use, so that a table goes with
// its last page: after an unmapping the kernel's count of pages is what it was before.

#include "boot.h"
#include "cpu.h"
#include "pmm.h"
#include "print.h"
#include "string.h"
#include "userboot.h"

#define PTE_P (1ull << 0)
#define PTE_W (1ull << 1)
#define PTE_U (1ull << 2)
#define PTE_PWT (1ull << 3)
#define PTE_PCD (1ull << 4)
#define PTE_A (1ull << 5)
#define PTE_D (1ull << 6)
#define PTE_PS (1ull << 7)
#define PTE_G (1ull << 8)
#define PTE_NX (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull
// Set from the start, so that the processor need not write to the tables.
#define PTE_A_D (PTE_A | PTE_D)

#define ENTRIES 512
#define LEVELS 4
#define LARGE_PAGE (2ul << 20)
#define APIC_BASE 0xfee00000ul
// Up to so many pages are flushed one by one.
#define FLUSH_LIMIT 64

extern uint8_t text_start[], text_end[], rodata_end[];

static paddr_t kernel_root;
static paddr_t current_root;

// The last-level table used last: neighbouring pages are often mapped one after the other.
static struct {
    paddr_t root; // 0: none
    uint64_t region;
    paddr_t table;
} last_leaf;

static uint64_t* table_at(paddr_t address) {
    return phys_to_virt(address & PTE_ADDRESS);
}

static unsigned index_at(uint64_t vaddr, int level) {
    return vaddr >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

// ---- the kernel's own half ----------------------------------------------------------------------

static uint64_t* kernel_table(uint64_t* entry) {
    if (!(*entry & PTE_P)) {
        struct page* page = pmm_alloc_zeroed();
        if (page == NULL) {
            panic(NULL, "no memory for page tables");
        }
        *entry = page_to_paddr(page) | PTE_P | PTE_W;
    }
    return table_at(*entry);
}

// Maps one kernel page of the given level (0: 4 KiB, 1: 2 MiB).
static void map_kernel(uint64_t vaddr, paddr_t page, int level, uint64_t bits) {
    uint64_t* table = table_at(kernel_root);
    for (int l = LEVELS - 1; l > level; l--) {
        table = kernel_table(&table[index_at(vaddr, l)]);
    }
    table[index_at(vaddr, level)] =
        page | bits | PTE_P | PTE_G | PTE_A_D | (level > 0 ? PTE_PS : 0);
}

// How a page of the kernel's image may be used; NX for all but the code.
static uint64_t image_bits(paddr_t page) {
    uint64_t vaddr = page + KERNEL_BASE;
    if (vaddr >= (uint64_t)text_start && vaddr < (uint64_t)text_end) {
        return 0;
    }
    bool constant = vaddr >= (uint64_t)text_end && vaddr < (uint64_t)rodata_end &&
                    page != vdso_constants_page();
    return constant ? PTE_NX : PTE_NX | PTE_W;
}

// Leaves the boot tables, which map everything writable and executable.
void mmu_init(void) {
    struct page* root = pmm_alloc_zeroed();
    ASSERT(root != NULL);
    kernel_root = page_to_paddr(root);
    paddr_t image_end = boot_info.image_end;
    for (paddr_t page = boot_info.image_start; page < image_end; page += PAGE_SIZE) {
        map_kernel(KERNEL_BASE + page, page, 0, image_bits(page));
        // In the physical map code and constants are read-only too.
        map_kernel(PHYS_MAP_BASE + page, page, 0, image_bits(page) | PTE_NX);
    }
    paddr_t small_start = boot_info.image_start & ~(LARGE_PAGE - 1);
    paddr_t small_end = (image_end + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    for (paddr_t page = small_start; page < small_end; page += PAGE_SIZE) {
        if (page < boot_info.image_start || page >= image_end) {
            map_kernel(PHYS_MAP_BASE + page, page, 0, PTE_NX | PTE_W);
        }
    }
    for (paddr_t page = 0; page < boot_info.ram_end; page += LARGE_PAGE) {
        if (page < small_start || page >= small_end) {
            map_kernel(PHYS_MAP_BASE + page, page, 1, PTE_NX | PTE_W);
        }
    }
    map_kernel(PHYS_MAP_BASE + APIC_BASE, APIC_BASE, 1, PTE_NX | PTE_W | PTE_PCD | PTE_PWT);

    current_root = kernel_root;
    write_cr3(kernel_root);
}

// ---- address spaces -----------------------------------------------------------------------------

zx_status_t arch_aspace_init(struct arch_aspace* aspace) {
    struct page* page = pmm_alloc_zeroed();
    if (page == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    aspace->root = page_to_paddr(page);
    // The kernel's half never changes after mmu_init, so a copy of its top level is enough.
    memcpy(table_at(aspace->root) + ENTRIES / 2, table_at(kernel_root) + ENTRIES / 2,
           ENTRIES / 2 * sizeof(uint64_t));
    return ZX_OK;
}

static void free_tables(paddr_t address, int level);

static void free_below(paddr_t address, int level) {
    uint64_t* table = table_at(address);
    struct page* page = paddr_to_page(address);
    for (unsigned i = 0; i < ENTRIES && page->references > 0; i++) {
        if (table[i] & PTE_P) {
            free_tables(table[i] & PTE_ADDRESS, level - 1);
            table[i] = 0;
            page->references--;
        }
    }
}

static void free_tables(paddr_t address, int level) {
    if (level > 0) {
        free_below(address, level);
    }
    pmm_free(paddr_to_page(address));
}

// The top-level table of an address space that is gone but still the current one.  It is freed when
// the next one is activated: the end of a process costs one change of address space, not two, and
// each makes an emulator forget all it knows about memory.
static paddr_t doomed_root;

void arch_aspace_destroy(struct arch_aspace* aspace) {
    last_leaf.root = 0;
    if (aspace->root == current_root) {
        free_below(aspace->root, LEVELS - 1);
        doomed_root = aspace->root;
    } else {
        free_tables(aspace->root, LEVELS - 1);
    }
    aspace->root = 0;
    mmu_changes++;
}

void arch_aspace_activate(struct arch_aspace* aspace) {
    paddr_t root = aspace != NULL ? aspace->root : kernel_root;
    if (root == current_root) {
        return;
    }
    current_root = root;
    write_cr3(root);
    if (doomed_root != 0) {
        pmm_free(paddr_to_page(doomed_root));
        doomed_root = 0;
    }
}

static uint64_t user_bits(uint32_t flags) {
    uint64_t bits = PTE_P | PTE_A_D;
    bits |= flags & MMU_USER ? PTE_U : 0;
    bits |= flags & MMU_WRITE ? PTE_W : 0;
    bits |= flags & MMU_EXECUTE ? 0 : PTE_NX;
    bits |= flags & MMU_DEVICE ? PTE_PCD | PTE_PWT : 0;
    return bits;
}

// The last-level table for an address, made if need be; 0 without memory.
static paddr_t leaf_table(struct arch_aspace* aspace, uint64_t vaddr) {
    uint64_t region = vaddr / LARGE_PAGE;
    if (last_leaf.root == aspace->root && last_leaf.region == region) {
        return last_leaf.table;
    }
    paddr_t address = aspace->root;
    for (int level = LEVELS - 1; level > 0; level--) {
        uint64_t* entry = &table_at(address)[index_at(vaddr, level)];
        if (!(*entry & PTE_P)) {
            struct page* table = pmm_alloc_zeroed();
            if (table == NULL) {
                return 0; // tables made so far stay until the next unmapping here
            }
            *entry = page_to_paddr(table) | PTE_P | PTE_W | PTE_U | PTE_A;
            paddr_to_page(address)->references++;
        }
        address = *entry & PTE_ADDRESS;
    }
    last_leaf.root = aspace->root;
    last_leaf.region = region;
    last_leaf.table = address;
    return address;
}

zx_status_t arch_mmu_map(struct arch_aspace* aspace, uint64_t vaddr, paddr_t page, uint32_t flags) {
    paddr_t address = leaf_table(aspace, vaddr);
    if (address == 0) {
        return ZX_ERR_NO_MEMORY;
    }
    uint64_t* entry = &table_at(address)[index_at(vaddr, 0)];
    if (*entry & PTE_P) {
        mmu_changes++;
        *entry = page | user_bits(flags);
        if (aspace->root == current_root) {
            invlpg(vaddr);
        }
    } else {
        *entry = page | user_bits(flags);
        paddr_to_page(address)->references++;
    }
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
        if (*entry & PTE_P) {
            paddr_t below = *entry & PTE_ADDRESS;
            if (level == 0 || unmap_range(below, level - 1, vaddr, next < end ? next : end)) {
                if (level > 0) {
                    pmm_free(paddr_to_page(below));
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
    unmap_range(aspace->root, LEVELS - 1, vaddr, vaddr + pages * PAGE_SIZE);
    mmu_changes++;
    if (aspace->root != current_root) {
        return; // loading %cr3 forgets what was cached
    }
    if (pages > FLUSH_LIMIT) {
        write_cr3(current_root);
        return;
    }
    for (size_t i = 0; i < pages; i++) {
        invlpg(vaddr + i * PAGE_SIZE);
    }
}

bool arch_mmu_query(struct arch_aspace* aspace, uint64_t vaddr, paddr_t* page, uint32_t* flags) {
    uint64_t entry = aspace->root | PTE_P;
    for (int level = LEVELS - 1; level >= 0; level--) {
        entry = table_at(entry)[index_at(vaddr, level)];
        if (!(entry & PTE_P)) {
            return false;
        }
    }
    *page = entry & PTE_ADDRESS;
    *flags = MMU_READ | (entry & PTE_W ? MMU_WRITE : 0) | (entry & PTE_NX ? 0 : MMU_EXECUTE) |
             (entry & PTE_U ? MMU_USER : 0) | (entry & PTE_PCD ? MMU_DEVICE : 0);
    return true;
}

// Caches are coherent on this architecture.
void arch_sync_instructions(void* address, size_t size) {
    (void)address;
    (void)size;
}

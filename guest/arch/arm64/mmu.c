// Page tables: four levels of 512 entries, 4 KiB pages for user memory and the kernel's image,
// 2 MiB blocks for the rest of the physical map.
//
// `references` of a user table's struct page counts its entries in use, so that a table goes with
// its last page: after an unmapping the kernel's count of pages is what it was before.
//
// Address spaces share one ASID, and the translation caches are cleared at each change: QEMU
// clears them anyway when the ASID changes.

#include "arm64.h"
#include "boot.h"
#include "pmm.h"
#include "print.h"
#include "userboot.h"

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
#define DESC_ADDRESS 0x0000fffffffff000ull

#define ENTRIES 512
#define LEVELS 4
#define LARGE_PAGE (2ul << 20)
#define GIB (1ul << 30)
// Up to so many pages are flushed one by one.
#define FLUSH_LIMIT 64

extern uint8_t text_start[], text_end[], rodata_end[];

static paddr_t kernel_root;
static paddr_t empty_root; // the user's half while there is no user
static paddr_t current_root;

// The last-level table used last: neighbouring pages are often mapped one after the other.
static struct {
    paddr_t root; // 0: none
    uint64_t region;
    paddr_t table;
} last_leaf;

static uint64_t* table_at(paddr_t address) {
    return phys_to_virt(address & DESC_ADDRESS);
}

// Level 0 is the last one here, as on x86-64.
static unsigned index_at(uint64_t vaddr, int level) {
    return vaddr >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

// ---- the kernel's own half ----------------------------------------------------------------------

static paddr_t new_table(void) {
    struct page* page = pmm_alloc_zeroed();
    if (page == NULL) {
        panic(NULL, "no memory for page tables");
    }
    return page_to_paddr(page);
}

// Maps one kernel page of the given level (0: 4 KiB, 1: 2 MiB, 2: 1 GiB).
static void map_kernel(uint64_t vaddr, paddr_t page, int level, uint64_t bits) {
    uint64_t* table = table_at(kernel_root);
    for (int l = LEVELS - 1; l > level; l--) {
        uint64_t* entry = &table[index_at(vaddr, l)];
        if (!(*entry & DESC_VALID)) {
            *entry = new_table() | DESC_VALID | DESC_TABLE_OR_PAGE;
        }
        table = table_at(*entry);
    }
    table[index_at(vaddr, level)] = page | bits | DESC_VALID | DESC_ACCESSED |
                                    DESC_INNER_SHAREABLE | DESC_UXN |
                                    (level == 0 ? DESC_TABLE_OR_PAGE : 0);
}

// How a page of the kernel's image may be used; PXN for all but the code.
static uint64_t image_bits(paddr_t page) {
    uint64_t vaddr = page - KERNEL_PHYSICAL_BASE + KERNEL_BASE;
    if (vaddr >= (uint64_t)text_start && vaddr < (uint64_t)text_end) {
        return DESC_READ_ONLY;
    }
    bool constant = vaddr >= (uint64_t)text_end && vaddr < (uint64_t)rodata_end &&
                    page != vdso_constants_page();
    return constant ? DESC_PXN | DESC_READ_ONLY : DESC_PXN;
}

static void map_devices(paddr_t gib) {
    map_kernel(PHYS_MAP_BASE + gib, gib, 2, DESC_PXN | DESC_ATTRIBUTE(ATTRIBUTE_DEVICE));
}

static void flush_all(void) {
    __asm__ volatile("dsb ishst; tlbi vmalle1; dsb nsh; isb" : : : "memory");
}

static void set_user_root(paddr_t root) {
    current_root = root;
    write_sysreg(ttbr0_el1, root);
    isb();
    flush_all();
}

// Leaves the boot tables, which map everything writable and executable.
void mmu_init(void) {
    kernel_root = new_table();
    empty_root = new_table();
    paddr_t image_end = boot_info.image_end;
    for (paddr_t page = boot_info.image_start; page < image_end; page += PAGE_SIZE) {
        map_kernel(KERNEL_BASE + page - KERNEL_PHYSICAL_BASE, page, 0, image_bits(page));
        // In the physical map code and constants are read-only too.
        map_kernel(PHYS_MAP_BASE + page, page, 0, image_bits(page) | DESC_PXN);
    }
    paddr_t small_start = boot_info.image_start & ~(LARGE_PAGE - 1);
    paddr_t small_end = (image_end + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
    for (paddr_t page = small_start; page < small_end; page += PAGE_SIZE) {
        if (page < boot_info.image_start || page >= image_end) {
            map_kernel(PHYS_MAP_BASE + page, page, 0, DESC_PXN);
        }
    }
    for (paddr_t page = boot_info.ram_start; page < boot_info.ram_end; page += LARGE_PAGE) {
        if (page < small_start || page >= small_end) {
            map_kernel(PHYS_MAP_BASE + page, page, 1, DESC_PXN);
        }
    }
    map_devices(0);
    if (devices.ecam >= boot_info.ram_end) {
        map_devices(devices.ecam & ~(GIB - 1));
    }
    dsb();
    write_sysreg(ttbr1_el1, kernel_root);
    set_user_root(empty_root);

    // From here on nothing writable is executable, at either level, whatever the tables say.
    uint64_t sctlr = read_sysreg(sctlr_el1) | SCTLR_WXN;
    if (read_sysreg(id_aa64mmfr1_el1) >> 20 & 0xf) { // PAN: no access to user pages
        sctlr &= ~(uint64_t)SCTLR_SPAN;              // set at each exception
        __asm__ volatile(".inst 0xd500419f");        // msr pan, #1
    }
    write_sysreg(sctlr_el1, sctlr);
    isb();
}

// ---- address spaces -----------------------------------------------------------------------------

zx_status_t arch_aspace_init(struct arch_aspace* aspace) {
    struct page* page = pmm_alloc_zeroed();
    if (page == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    aspace->root = page_to_paddr(page);
    return ZX_OK;
}

static void free_tables(paddr_t address, int level);

static void free_below(paddr_t address, int level) {
    uint64_t* table = table_at(address);
    struct page* page = paddr_to_page(address);
    for (unsigned i = 0; i < ENTRIES && page->references > 0; i++) {
        if (table[i] & DESC_VALID) {
            free_tables(table[i] & DESC_ADDRESS, level - 1);
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
    paddr_t root = aspace != NULL ? aspace->root : empty_root;
    if (root == current_root) {
        return;
    }
    set_user_root(root);
    if (doomed_root != 0) {
        pmm_free(paddr_to_page(doomed_root));
        doomed_root = 0;
    }
}

static uint64_t user_bits(uint32_t flags) {
    uint64_t bits = DESC_VALID | DESC_TABLE_OR_PAGE | DESC_ACCESSED | DESC_INNER_SHAREABLE |
                    DESC_NOT_GLOBAL | DESC_PXN;
    bits |= flags & MMU_USER ? DESC_USER : 0;
    bits |= flags & MMU_WRITE ? 0 : DESC_READ_ONLY;
    bits |= flags & MMU_EXECUTE ? 0 : DESC_UXN;
    bits |= DESC_ATTRIBUTE(flags & MMU_DEVICE ? ATTRIBUTE_DEVICE : ATTRIBUTE_NORMAL);
    return bits;
}

static void flush_page(uint64_t vaddr) {
    __asm__ volatile("dsb ishst; tlbi vaae1, %0; dsb nsh; isb"
                     :
                     : "r"(vaddr >> PAGE_SHIFT)
                     : "memory");
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
        if (!(*entry & DESC_VALID)) {
            struct page* table = pmm_alloc_zeroed();
            if (table == NULL) {
                return 0; // tables made so far stay until the next unmapping here
            }
            *entry = page_to_paddr(table) | DESC_VALID | DESC_TABLE_OR_PAGE;
            paddr_to_page(address)->references++;
        }
        address = *entry & DESC_ADDRESS;
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
    if (*entry & DESC_VALID) {
        mmu_changes++;
        *entry = 0; // a valid entry may not be changed to another: take it out of the caches first
        if (aspace->root == current_root) {
            flush_page(vaddr);
        }
    } else {
        paddr_to_page(address)->references++;
    }
    *entry = page | user_bits(flags);
    __asm__ volatile("dsb ishst; isb" : : : "memory"); // seen by the next access
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
        if (*entry & DESC_VALID) {
            paddr_t below = *entry & DESC_ADDRESS;
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
        return; // making it current clears what was cached
    }
    if (pages > FLUSH_LIMIT) {
        flush_all();
        return;
    }
    for (size_t i = 0; i < pages; i++) {
        flush_page(vaddr + i * PAGE_SIZE);
    }
}

bool arch_mmu_query(struct arch_aspace* aspace, uint64_t vaddr, paddr_t* page, uint32_t* flags) {
    uint64_t entry = aspace->root;
    for (int level = LEVELS - 1; level >= 0; level--) {
        entry = table_at(entry)[index_at(vaddr, level)];
        if (!(entry & DESC_VALID)) {
            return false;
        }
    }
    *page = entry & DESC_ADDRESS;
    *flags = MMU_READ | (entry & DESC_READ_ONLY ? 0 : MMU_WRITE) |
             (entry & DESC_UXN ? 0 : MMU_EXECUTE) | (entry & DESC_USER ? MMU_USER : 0) |
             (entry & DESC_ATTRIBUTE(ATTRIBUTE_DEVICE) ? MMU_DEVICE : 0);
    return true;
}

// Cleans the data cache to where instructions are fetched from, and drops old instructions.
void arch_sync_instructions(void* address, size_t size) {
    uint64_t ctr = read_sysreg(ctr_el0);
    uint64_t line = 4ul << (ctr >> 16 & 0xf);
    uint64_t end = (uint64_t)address + size;
    for (uint64_t at = (uint64_t)address & ~(line - 1); at < end; at += line) {
        __asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
    }
    __asm__ volatile("dsb ish; ic iallu; dsb ish; isb" : : : "memory");
}

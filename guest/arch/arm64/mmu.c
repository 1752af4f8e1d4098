// The kernel's own page tables.

#include "arm64.h"
#include "boot.h"
#include "page_table.h"

#define GIB (1ul << 30)

static void map_devices(paddr_t root, paddr_t gib) {
    page_table_map_kernel(root, PHYS_MAP_BASE + gib, gib, 2, MMU_READ | MMU_WRITE | MMU_DEVICE);
}

// Leaves the boot tables, which map everything writable and executable.
void mmu_init(void) {
    paddr_t root = page_table_new();
    page_table_map_memory(root, boot_info.ram_start, boot_info.ram_end);
    map_devices(root, 0);
    if (devices.ecam >= boot_info.ram_end) {
        map_devices(root, devices.ecam & ~(GIB - 1));
    }
    dsb();
    write_sysreg(ttbr1_el1, root);
    page_table_start(page_table_new()); // the user's half is empty while there is no user

    // From here on nothing writable is executable, at either level, whatever the tables say.
    uint64_t sctlr = read_sysreg(sctlr_el1) | SCTLR_WXN;
    if (read_sysreg(id_aa64mmfr1_el1) >> 20 & 0xf) { // PAN: no access to user pages
        sctlr &= ~(uint64_t)SCTLR_SPAN;              // set at each exception
        __asm__ volatile(".inst 0xd500419f");        // msr pan, #1
    }
    write_sysreg(sctlr_el1, sctlr);
    isb();
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

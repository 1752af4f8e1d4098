// The kernel's own page tables.

#include "boot.h"
#include "cpu.h"
#include "page_table.h"

#define APIC_BASE 0xfee00000ul

// Leaves the boot tables, which map everything writable and executable.
void mmu_init(void) {
    paddr_t root = page_table_new();
    // From 0 on: what the loader says lies below RAM proper.
    page_table_map_memory(root, 0, boot_info.ram_end);
    page_table_map_kernel(root, PHYS_MAP_BASE + APIC_BASE, APIC_BASE, 1,
                          MMU_READ | MMU_WRITE | MMU_DEVICE);
    page_table_start(root);
}

// Caches are coherent on this architecture.
void arch_sync_instructions(void* address, size_t size) {
    (void)address;
    (void)size;
}

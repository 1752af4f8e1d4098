// The first C code: what the device tree says, then the kernel.

#include "arm64.h"
#include "boot.h"

#define FLOATING_POINT_FOR_ALL (3 << 20) // CPACR_EL1.FPEN

extern uint8_t text_start[], bss_end[], vectors[];

__attribute__((noreturn)) void arch_main(void);
void arch_main(void) {
    write_sysreg(vbar_el1, vectors);
    write_sysreg(cpacr_el1, FLOATING_POINT_FOR_ALL);
    write_sysreg(tpidrro_el0, 0);
    isb();
    uart_init();
    device_tree_read(KERNEL_PHYSICAL_BASE);
    boot_info.image_start = image_to_phys(text_start);
    boot_info.image_end = image_to_phys(bss_end);
    kernel_main();
}

void arch_init(void) {
    mmu_init();
    gic_init();
    clock_init();
}

// The rate is known: CNTFRQ_EL0.
void arch_init_time(void) {}

// ZX_HAS_CPU_FEATURES, then floating point and SIMD, which every processor here has.
uint32_t arch_cpu_features(void) {
    return 1 | 1 << 1 | 1 << 2;
}

// CTR_EL0.DminLine: log2 of the words.
uint32_t arch_dcache_line_size(void) {
    return 4u << (read_sysreg(ctr_el0) >> 16 & 0xf);
}

// QEMU's firmware for this architecture is the device tree.
paddr_t arch_find_acpi(void) {
    return 0;
}

paddr_t arch_find_smbios(void) {
    return 0;
}

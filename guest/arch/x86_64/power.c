// Waiting, stopping, starting again, and telling QEMU of the end.

#include "cpu.h"

#define PVPANIC_PORT 0x505
#define PVPANIC_PANICKED 1

// sti takes effect behind the next instruction, so no interrupt is lost between the two.
void arch_idle(void) {
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

void arch_halt(void) {
    for (;;) {
        __asm__ volatile("cli; hlt");
    }
}

// A fault that finds no descriptor table resets the processor, on every machine type.
void arch_reboot(void) {
    const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    arch_halt();
}

// The switch is ACPI's, which the kernel does not know, and the fastest machine type does not have.
void arch_power_off(void) {}

// On a machine without the device the port is nobody's, and nothing happens.
void arch_report_panic(void) {
    outb(PVPANIC_PORT, PVPANIC_PANICKED);
}

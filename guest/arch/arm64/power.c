// Waiting, stopping, starting again, and telling QEMU of the end.

#include "arm64.h"

#define PSCI_SYSTEM_OFF 0x84000008
#define PSCI_SYSTEM_RESET 0x84000009

// The pvpanic device on the PCI bus, and registers of a PCI device's configuration space.
#define PVPANIC_ID 0x00111b36 // device and vendor
#define PVPANIC_PANICKED 1
#define PCI_DEVICES 32
#define PCI_DEVICE_SHIFT 15
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 2
#define PCI_BAR0 0x10
#define PCI_WINDOW 0x10000000

// wfi also ends at an interrupt that is masked; it is taken in between the two others.
void arch_idle(void) {
    __asm__ volatile("wfi; msr daifclr, #2; isb; msr daifset, #2" : : : "memory");
}

void arch_halt(void) {
    for (;;) {
        __asm__ volatile("msr daifset, #15; wfi");
    }
}

static void psci_call(uint32_t number) {
    register uint64_t function __asm__("x0") = number;
    if (devices.psci_by_smc) {
        __asm__ volatile(".inst 0xd4000003" /* smc #0 */
                         : "+r"(function)
                         :
                         : "x1", "x2", "x3", "memory");
    } else {
        __asm__ volatile("hvc #0" : "+r"(function) : : "x1", "x2", "x3", "memory");
    }
}

void arch_reboot(void) {
    psci_call(PSCI_SYSTEM_RESET);
    arch_halt();
}

void arch_power_off(void) {
    psci_call(PSCI_SYSTEM_OFF);
}

// Looks for the device only now: nobody has given it an address before, so this does.
void arch_report_panic(void) {
    for (uint32_t i = 0; i < PCI_DEVICES && devices.ecam != 0; i++) {
        paddr_t config = devices.ecam + ((paddr_t)i << PCI_DEVICE_SHIFT);
        if (*device_register(config) == PVPANIC_ID) {
            *device_register(config + PCI_BAR0) = PCI_WINDOW;
            *device_register(config + PCI_COMMAND) = PCI_COMMAND_MEMORY;
            dsb();
            *(volatile uint8_t*)phys_to_virt(PCI_WINDOW) = PVPANIC_PANICKED;
        }
    }
}

// Instructions the compiler has no words for, and the parts of the architecture's code.
#pragma once

#include "arch.h"

#define read_sysreg(name)                                                                          \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " #name : "=r"(value_));                                         \
        value_;                                                                                    \
    })
#define write_sysreg(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)))

static inline void isb(void) {
    __asm__ volatile("isb" : : : "memory");
}
static inline void dsb(void) {
    __asm__ volatile("dsb sy" : : : "memory");
}

static inline volatile uint32_t* device_register(paddr_t address) {
    return phys_to_virt(address);
}

// What the device tree says (device_tree.c).
struct devices {
    paddr_t ecam; // PCI configuration space; 0: no PCI
    bool gic_v3;
    bool psci_by_smc; // else by hvc
};
extern struct devices devices;
// Reads RAM, command line and devices from the tree; panics if it makes no sense.
void device_tree_read(paddr_t address);

void uart_init(void);
void uart_interrupt(void);
void mmu_init(void);
void gic_init(void);
// Handles the interrupts that are pending.
void gic_interrupt(void);
void clock_init(void);
void clock_interrupt(void);

// Interrupt numbers.
#define IRQ_VIRTUAL_TIMER 27
#define IRQ_UART 33

// The processor's own set-up: segments, task state, descriptor table, features.
#pragma once

#include "arch.h"
#include "x86.h"

// Interrupt stacks (IST) of the exceptions that can come while %rsp is not the kernel's.
enum ist { IST_NONE, IST_DOUBLE_FAULT, IST_NMI, IST_DEBUG, IST_MACHINE_CHECK, IST_COUNT };

struct tss {
    uint32_t reserved0;
    uint64_t rsp0; // kernel stack of the current thread: entry.S reads it at offset 4
    uint64_t rsp1, rsp2;
    uint64_t reserved1;
    uint64_t ist[7]; // ist[n - 1] for IST n
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} __attribute__((packed));

extern struct tss tss;
extern bool have_smap;     // read by entry.S
extern bool have_fsgsbase; // rdfsbase and its like may be used
extern bool have_xsave;    // else fxsave

void cpu_init(void);

// apic.c
void apic_init(void);
void apic_end_of_interrupt(void);
// Ticks of the time stamp counter per second; the second half of a measurement begun in apic_init.
void apic_calibrate(void);

// uart.c
void uart_init(void);
void uart_interrupt(void);

// io_ports.c: carries out the port instruction that has faulted, if the process may run it.
bool io_ports_emulate(struct arch_regs* regs);

// mmu.c
void mmu_init(void);

// context.c
void fpu_init(void);

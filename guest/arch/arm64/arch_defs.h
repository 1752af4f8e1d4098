// What is particular to arm64 in the portable interface (arch.h).
//
// Virtual memory (48 bits; 4 KiB pages; TTBR0 for the lower half, TTBR1 for the upper):
//
//   0000000000000000  unmapped, up to USER_BASE
//   0000000001000000  user memory, up to USER_END; a table tree per address space
//   ffff800000000000  PHYS_MAP_BASE: all physical memory and the devices, never executable;
//                     read-only where the kernel's code and constants lie
//   ffffffff80000000  KERNEL_BASE: physical memory from 40000000 on, the kernel's image alone:
//       ...80480000       .text    r-x
//                         .rodata  r--   (vDSO, agent and library among it)
//                         .data    rw-
//                         .bss     rw-
//
// Physical memory (virt):
//
//   08000000  interrupt controller
//   09000000  PL011
//   10000000  window for PCI devices' registers
//   3f000000  PCI configuration space (ECAM), or above 4 GiB
//   40000000  device tree; once it is read, pages of the allocator
//   40200000  boot code, the kernel's image as loaded; then pages of the allocator
//   40480000  the kernel's image where it runs
//   ........  page bitmap and page array, then the pages of the allocator
//   end-share memory shared with the host (share=<bytes> on the command line)
#pragma once

#define PHYS_MAP_BASE 0xffff800000000000
#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_PHYSICAL_BASE 0x40000000

// Size of struct arch_regs and offsets in it, for the entry code.
#define REGS_SIZE 288
#define REGS_X16 128
#define REGS_X29 232
#define REGS_LR 240
#define REGS_SP 248
#define REGS_PC 256
#define REGS_SPSR 264
#define REGS_ESR 272
#define REGS_FAR 280

// Room above the kernel stack for a thread's floating-point state (32 registers of 16 bytes, and
// control and status).
#define FPU_AREA_SIZE 1024

// System register values set before the first C function.
//
// MAIR_EL1: attribute 0: ordinary memory, write-back; 1: device memory, no gathering, reordering
// or early acknowledgement.
#define MAIR_VALUE 0x00ff
#define ATTRIBUTE_NORMAL 0
#define ATTRIBUTE_DEVICE 1
// TCR_EL1: 48-bit addresses in both halves (T0SZ, T1SZ = 16), 4 KiB granules, tables inner
// shareable and write-back, 40-bit physical addresses.
#define TCR_VALUE                                                                                  \
    (16 | 1 << 8 | 1 << 10 | 3 << 12 | 16 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30 | 2 << 32)
// SCTLR_EL1: MMU, caches, stack alignment checks at both levels; user mode may clean caches, read
// CTR_EL0, use dc zva, wfi and wfe.
#define SCTLR_M (1 << 0)
#define SCTLR_WXN (1 << 19)
#define SCTLR_SPAN (1 << 23)
#define SCTLR_VALUE                                                                                \
    (SCTLR_M | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 11 | 1 << 12 | 1 << 14 | 1 << 15 | 1 << 16 |        \
     1 << 18 | 1 << 20 | 1 << 22 | SCTLR_SPAN | 1 << 26 | 1 << 28 | 1 << 29)

#ifndef __ASSEMBLER__

#include <stdint.h>

// Registers saved at every entry, in ascending addresses.  A system call's arguments are the first
// eight.
struct arch_regs {
    uint64_t x[31]; // x30 is the link register
    uint64_t sp;    // SP_EL0, or the stack pointer before a trap in the kernel
    uint64_t pc;
    uint64_t spsr;
    uint64_t esr; // of exceptions other than interrupts and system calls, else 0
    uint64_t far;
};
_Static_assert(sizeof(struct arch_regs) == REGS_SIZE, "entry.S relies on it");

struct arch_thread {
    uint64_t kernel_sp; // while it does not run: top of the registers saved by switch_stacks
    uint64_t stack_top; // of the kernel stack; the floating-point state lies above
    uint64_t tpidr;     // TPIDR_EL0 while it does not run
};

static inline void* arch_thread_fpu(const struct arch_thread* thread) {
    return (void*)thread->stack_top;
}

// Whether it is a PC's: with I/O ports, and what is reached by them.
#define ARCH_IS_PC 0

// Bytes of the kinds of thread state, and whether floating point has one of its own.
#define ARCH_HAS_FP_REGS 0
#define FP_REGS_SIZE 4
#define VECTOR_REGS_SIZE 520
#define DEBUG_REGS_SIZE 528

// Whether there is a restricted mode, and bytes of its state.
#define ARCH_RUNS_RESTRICTED 0
#define RESTRICTED_SIZE 280

// The first stack pointer of user code.
static inline uint64_t arch_initial_stack(uint64_t top) {
    return top;
}

// Whether the registers were saved at an entry from user mode.
static inline int arch_regs_in_user(const struct arch_regs* regs) {
    return (regs->spsr & 0xf) == 0;
}
static inline uint64_t arch_regs_pc(const struct arch_regs* regs) {
    return regs->pc;
}
static inline uint64_t arch_regs_frame_pointer(const struct arch_regs* regs) {
    return regs->x[29];
}

#endif

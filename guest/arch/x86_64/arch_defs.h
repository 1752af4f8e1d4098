// What is particular to x86-64 in the portable interface (arch.h).
//
// Virtual memory (48 bits):
//
//   0000000000000000  unmapped, up to USER_BASE
//   0000000001000000  user memory, up to USER_END; a table tree per address space
//   0000800000000000  not canonical
//   ffff800000000000  PHYS_MAP_BASE: all physical memory and the local APIC, never executable;
//                     read-only where the kernel's code and constants lie
//   ffffffff80000000  KERNEL_BASE: physical memory from 0 on, the kernel's image alone:
//       ...80480000       .text    r-x
//                         .rodata  r--   (vDSO, agent and library among it)
//                         .data    rw-
//                         .bss     rw-
//
// Physical memory (microvm, q35):
//
//   00000000  firmware's data, hvm_start_info; not used
//   00100000  boot code, the kernel's image as loaded; then pages of the allocator
//   00480000  the kernel's image where it runs
//   ........  page bitmap and page array, then the pages of the allocator
//   end-share memory shared with the host (share=<bytes> on the command line)
//   fee00000  local APIC
#pragma once

#define PHYS_MAP_BASE 0xffff800000000000
#define KERNEL_BASE 0xffffffff80000000
#define KERNEL_PHYSICAL_BASE 0

// Segment selectors.  SYSCALL loads STAR[47:32] and +8, SYSRET STAR[63:48] + 16 and + 8, which
// fixes the order.
//
//   selector  segment
//   0x08      kernel code
//   0x10      kernel data
//   0x1b      user data   (0x18 | 3)
//   0x23      user code   (0x20 | 3)
//   0x28      task state, 16 bytes
#define KERNEL_CODE_SELECTOR 0x08
#define KERNEL_DATA_SELECTOR 0x10
#define USER_DATA_SELECTOR 0x1b
#define USER_CODE_SELECTOR 0x23
#define TSS_SELECTOR 0x28

// Interrupt vectors above the processor's own 32.
#define VECTOR_PIC 0x20 // 16 lines of the two 8259s
#define VECTOR_APIC_TIMER 0x40
#define VECTOR_SPURIOUS 0xff
#define VECTOR_SYSCALL 0x100 // not a vector: marks the frame of a system call

// Size of struct arch_regs, for the entry code.
#define REGS_SIZE 176

// Room above the kernel stack for a thread's floating-point state (x87, SSE, AVX: 832 bytes).
#define FPU_AREA_SIZE 1024

#ifndef __ASSEMBLER__

#include <stdint.h>

// Registers saved at every entry, in ascending addresses.  The first eight are the arguments of a
// system call in order, the last five are what the processor pushes at an interrupt.
struct arch_regs {
    uint64_t rdi, rsi, rdx, r10, r8, r9, r12, r13;
    uint64_t rax, rbx, rcx, rbp, r11, r14, r15;
    uint64_t vector, error_code;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct arch_regs) == REGS_SIZE, "entry.S relies on it");

struct arch_thread {
    uint64_t kernel_sp; // while it does not run: top of the registers pushed by switch_stacks
    uint64_t stack_top; // of the kernel stack; the floating-point state lies above
    uint64_t fs_base;   // while it does not run
    uint64_t gs_base;
};

static inline void* arch_thread_fpu(const struct arch_thread* thread) {
    return (void*)thread->stack_top;
}

// Whether it is a PC's: with I/O ports, and what is reached by them.
#define ARCH_IS_PC 1

// Bytes of the kinds of thread state, and whether floating point has one of its own.
#define ARCH_HAS_FP_REGS 1
#define FP_REGS_SIZE 160
#define VECTOR_REGS_SIZE 2120
#define DEBUG_REGS_SIZE 48

// Whether there is a restricted mode, and bytes of its state.
#define ARCH_RUNS_RESTRICTED 1
#define RESTRICTED_SIZE 160

// The first stack pointer of user code, as behind a call, which pushes 8 bytes.
static inline uint64_t arch_initial_stack(uint64_t top) {
    return top - 8;
}

// Whether the registers were saved at an entry from user mode.
static inline int arch_regs_in_user(const struct arch_regs* regs) {
    return (regs->cs & 3) != 0;
}
static inline uint64_t arch_regs_pc(const struct arch_regs* regs) {
    return regs->rip;
}
static inline uint64_t arch_regs_frame_pointer(const struct arch_regs* regs) {
    return regs->rbp;
}

#endif

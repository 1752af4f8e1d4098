// From the loader's last instruction to the kernel's first C function.
//
// QEMU's -kernel loads the image and enters `start` at its physical address with the MMU off, at
// EL1, or at EL2 on a machine with virtualization.  No register holds anything; the device tree
// lies at the start of RAM.  After a reset the loader writes the image and the tree anew, but the
// rest of RAM keeps its contents: nothing here trusts memory outside the image.
//
// The image is moved from where it was loaded to where it runs, piece by piece and only where the
// pieces differ.  After a reset they do not, so QEMU keeps its translation of the kernel's code and
// of the programs in the image (kernel.ld).

#include "arch_defs.h"

#define DESC_TABLE 0x3                  // valid; next level's table
#define DESC_BLOCK 0x1                  // valid; a block of 1 GiB at level 1
#define BLOCK_NORMAL (DESC_BLOCK | 1 << 10 | 3 << 8)    // accessed, inner shareable, attribute 0
#define BLOCK_DEVICE (DESC_BLOCK | 1 << 10 | 1 << 2)    // accessed, attribute 1

    .section .boot, "ax"
    .globl start
start:
    msr daifset, #15                    // no interrupts of any kind
    mrs x0, CurrentEL
    cmp x0, #(2 << 2)
    b.ne at_el1

    // EL2: let EL1 be 64-bit and use counters, floating point and the interrupt controller; go there.
    mov x0, #(1 << 31)                  // HCR_EL2.RW
    msr hcr_el2, x0
    mov x0, #3                          // EL1 may use the physical counter and timer
    msr cnthctl_el2, x0
    msr cntvoff_el2, xzr
    mov x0, #0x33ff                     // CPTR_EL2: nothing traps
    msr cptr_el2, x0
    msr hstr_el2, xzr
    mrs x0, midr_el1
    msr vpidr_el2, x0
    mrs x0, mpidr_el1
    msr vmpidr_el2, x0
    mrs x0, id_aa64pfr0_el1             // bits 27..24: system registers of a GICv3
    ubfx x0, x0, #24, #4
    cbz x0, 1f
    mov x0, #0xf                        // ICC_SRE_EL2: EL1 may use them
    msr S3_4_C12_C9_5, x0
1:  mov x0, #0x3c5                      // EL1, own stack pointer, interrupts off
    msr spsr_el2, x0
    adr x0, at_el1
    msr elr_el2, x0
    eret

at_el1:
    adrp x0, boot_l0                    // addresses near the program counter are physical now
    msr ttbr0_el1, x0                   // this code where it is, for the next few instructions
    msr ttbr1_el1, x0
    ldr x1, =MAIR_VALUE
    msr mair_el1, x1
    ldr x1, =TCR_VALUE
    msr tcr_el1, x1
    tlbi vmalle1                        // whatever the caches hold, it is not ours
    ic iallu
    dsb sy
    isb
    ldr x1, =SCTLR_VALUE
    msr sctlr_el1, x1                   // MMU on
    isb

    ldr x0, =load_start
    ldr x1, =run_start
    ldr x2, =load_size
2:  ldp x3, x4, [x0]                    // 32 bytes at a time
    ldp x5, x6, [x0, #16]
    ldp x7, x8, [x1]
    ldp x9, x10, [x1, #16]
    eor x7, x7, x3                      // a bit stays where they differ
    eor x8, x8, x4
    eor x9, x9, x5
    eor x10, x10, x6
    orr x7, x7, x8
    orr x9, x9, x10
    orr x7, x7, x9
    cbz x7, 3f
    stp x3, x4, [x1]
    stp x5, x6, [x1, #16]
3:  add x0, x0, #32
    add x1, x1, #32
    subs x2, x2, #32                    // whole pages
    b.ne 2b
    dsb sy                              // the words are to be executed now
    ic iallu
    dsb sy
    isb
    ldr x1, =high_half
    br x1
    .ltorg

    .section .text.entry, "ax"
high_half:
    ldr x1, =boot_stack_end
    mov sp, x1
    ldr x0, =data_end                   // .bss: not in the image; whole pages
    ldr x1, =bss_end
1:  cmp x0, x1
    b.hs 2f
    stp xzr, xzr, [x0]
    stp xzr, xzr, [x0, #16]
    stp xzr, xzr, [x0, #32]
    stp xzr, xzr, [x0, #48]
    add x0, x0, #64
    b 1b
2:  mov x29, xzr                        // end of the chain of frame pointers
    mov x30, xzr
    bl arch_main                        // does not return
    .ltorg

// One table for both halves.  The first 4 GiB where they are and at PHYS_MAP_BASE: devices below
// 1 GiB, RAM above.  The first of RAM at KERNEL_BASE.
    .section .boot, "ax"
    .balign 4096
boot_l0:
    .quad boot_l1 + DESC_TABLE
    .fill 255, 8, 0
    .quad boot_l1 + DESC_TABLE        // 256: PHYS_MAP_BASE
    .fill 254, 8, 0
    .quad boot_high_l1 + DESC_TABLE   // 511
boot_l1:
    .quad BLOCK_DEVICE
    .quad 0x40000000 + BLOCK_NORMAL
    .quad 0x80000000 + BLOCK_NORMAL
    .quad 0xc0000000 + BLOCK_NORMAL
    .fill 508, 8, 0
boot_high_l1:
    .fill 510, 8, 0
    .quad 0x40000000 + BLOCK_NORMAL             // 510: KERNEL_BASE
    .quad 0

// The boot thread's stack.
    .bss
    .balign 16
boot_stack:
    .skip 8192
boot_stack_end:

    .section .note.GNU-stack, "", %progbits

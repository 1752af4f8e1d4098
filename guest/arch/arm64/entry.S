// Ways into the kernel and out of it, and from one kernel stack to another.
//
// Every entry from user mode starts at the top of the thread's kernel stack (SP_EL1) and leaves a
// struct arch_regs there.  Interrupts are off in the kernel.

#include "arch_defs.h"

    .section .text.entry, "ax"

// Saves x0 to x30 below the stack pointer.
    .macro save_general_registers
    sub sp, sp, #REGS_SIZE
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    .endm

// Saves what user mode has besides; leaves ELR_EL1 in x10, where it comes from.
    .macro save_user_state
    mrs x10, elr_el1
    mrs x11, spsr_el1
    mrs x12, sp_el0
    stp x30, x12, [sp, #REGS_LR]
    stp x10, x11, [sp, #REGS_PC]
    .endm

    .macro load_x2_to_x17
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    .endm

// One of the 16 vectors, 128 bytes each; too little room for more than a jump.
    .macro vector target
    .balign 128
    b \target
    .endm

    .balign 2048
    .globl vectors
vectors:
    vector bad_vector_0                 // EL1 with the user's stack pointer: never in use
    vector bad_vector_1
    vector bad_vector_2
    vector bad_vector_3
    vector kernel_sync                  // EL1: synchronous, interrupt, fast interrupt, error
    vector kernel_irq
    vector bad_vector_6
    vector bad_vector_7
    vector user_sync                    // EL0, 64-bit
    vector user_irq
    vector bad_vector_10
    vector bad_vector_11
    vector bad_vector_12                // EL0, 32-bit: cannot be entered
    vector bad_vector_13
    vector bad_vector_14
    vector bad_vector_15

// ---- from user mode -----------------------------------------------------------------------------

user_sync:
    save_general_registers
    mrs x9, esr_el1
    save_user_state
    lsr x13, x9, #26                    // exception class
    cmp x13, #0x15                      // svc in 64-bit code
    b.ne user_exception_entry

    stp xzr, xzr, [sp, #REGS_ESR]
    mov x0, x16                         // number
    mov x1, sp                          // arguments: the first words of the registers
    mov x2, x10                         // where the call came from: behind the svc
    mov x29, xzr                        // end of the chain of frame pointers
    mov x30, xzr
    bl syscall_dispatch
    adrp x9, user_mode_work
    ldrb w9, [x9, :lo12:user_mode_work]
    cbnz w9, syscall_slow_exit
    // The fast way out: x19 to x28 still hold the user's values.  So do the three system registers
    // unless another thread has run or an interrupt has come.  To write one makes QEMU leave the
    // translated code; to read one costs nothing.
    ldp x10, x11, [sp, #REGS_PC]
    ldp x30, x12, [sp, #REGS_LR]
    mrs x13, elr_el1
    mrs x14, spsr_el1
    mrs x15, sp_el0
    cmp x10, x13
    ccmp x11, x14, #0, eq               // else: not equal
    ccmp x12, x15, #0, eq
    b.eq 1f
    msr elr_el1, x10
    msr spsr_el1, x11
    msr sp_el0, x12
1:  ldr x1, [sp, #8]
    load_x2_to_x17
    ldr x18, [sp, #144]
    ldr x29, [sp, #REGS_X29]
    add sp, sp, #REGS_SIZE
    eret

syscall_slow_exit:
    str x0, [sp]                        // the result
    b return_to_user

user_exception_entry:
    mrs x10, far_el1
    stp x9, x10, [sp, #REGS_ESR]
    mov x0, sp
    mov x29, xzr
    mov x30, xzr
    bl user_exception_handler
    b return_to_user

user_irq:
    save_general_registers
    save_user_state
    stp xzr, xzr, [sp, #REGS_ESR]
    mov x29, xzr
    mov x30, xzr
    bl gic_interrupt

return_to_user:
    adrp x9, user_mode_work
    ldrb w9, [x9, :lo12:user_mode_work]
    cbz w9, restore_registers
    bl thread_before_user_mode          // may stop here, or never come back
    b return_to_user

restore_registers:
    ldp x10, x11, [sp, #REGS_PC]
    ldp x30, x12, [sp, #REGS_LR]
    msr elr_el1, x10
    msr spsr_el1, x11
    msr sp_el0, x12
restore_general_registers:
    ldp x0, x1, [sp]
    load_x2_to_x17
    ldp x18, x19, [sp, #144]
    ldp x20, x21, [sp, #160]
    ldp x22, x23, [sp, #176]
    ldp x24, x25, [sp, #192]
    ldp x26, x27, [sp, #208]
    ldp x28, x29, [sp, #224]
    add sp, sp, #REGS_SIZE
    eret

// ---- from the kernel ----------------------------------------------------------------------------

// Interrupts come only in arch_idle.
kernel_irq:
    save_general_registers
    mrs x10, elr_el1
    mrs x11, spsr_el1
    add x12, sp, #REGS_SIZE
    stp x30, x12, [sp, #REGS_LR]
    stp x10, x11, [sp, #REGS_PC]
    bl gic_interrupt
    ldp x10, x11, [sp, #REGS_PC]
    ldr x30, [sp, #REGS_LR]
    msr elr_el1, x10
    msr spsr_el1, x11
    b restore_general_registers

kernel_sync:
    save_general_registers
    mov x1, #4
    b fatal

    .irp number, 0, 1, 2, 3, 6, 7, 10, 11, 12, 13, 14, 15
bad_vector_\number:
    save_general_registers
    mov x1, #\number
    b fatal
    .endr

// x1: number of the vector.  x2 to x6 are saved already.
fatal:
    mrs x2, elr_el1
    mrs x3, spsr_el1
    mrs x4, esr_el1
    mrs x5, far_el1
    mrs x6, sp_el0
    tst x3, #0xf                        // from user mode?
    add x7, sp, #REGS_SIZE
    csel x6, x6, x7, eq
    stp x30, x6, [sp, #REGS_LR]
    stp x2, x3, [sp, #REGS_PC]
    stp x4, x5, [sp, #REGS_ESR]
    mov x0, sp
    bl fatal_trap                       // does not return

// ---- switching ------------------------------------------------------------------------------------

// What a called function must keep: all of it with stp or ldp.
    .macro callee_saved move
    \move x19, x20, [sp]
    \move x21, x22, [sp, #16]
    \move x23, x24, [sp, #32]
    \move x25, x26, [sp, #48]
    \move x27, x28, [sp, #64]
    \move x29, x30, [sp, #80]
    .endm

// void switch_stacks(uint64_t* save_sp, uint64_t new_sp)
    .globl switch_stacks
switch_stacks:
    sub sp, sp, #96
    callee_saved stp
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    callee_saved ldp
    add sp, sp, #96
    ret

// A new thread's first switch returns here: x19 = function, x20 = argument.
    .globl thread_first_switch
thread_first_switch:
    bl thread_switched                  // what every switch ends with
    mov x0, x20
    blr x19
    bl thread_exit_current

// void enter_user(struct arch_regs* regs): leaves the kernel with these registers, which lie at
// the top of the kernel stack.
    .globl enter_user
enter_user:
    mov sp, x0
    b return_to_user

// ---- floating point ---------------------------------------------------------------------------
//
// 32 registers of 16 bytes, then FPCR and FPSR.  The kernel's C code uses none of them.

    .arch_extension fp
    .arch_extension simd

// All of them with stp or ldp.
    .macro vector_registers move
    \move q0, q1, [x0, #0]
    \move q2, q3, [x0, #32]
    \move q4, q5, [x0, #64]
    \move q6, q7, [x0, #96]
    \move q8, q9, [x0, #128]
    \move q10, q11, [x0, #160]
    \move q12, q13, [x0, #192]
    \move q14, q15, [x0, #224]
    \move q16, q17, [x0, #256]
    \move q18, q19, [x0, #288]
    \move q20, q21, [x0, #320]
    \move q22, q23, [x0, #352]
    \move q24, q25, [x0, #384]
    \move q26, q27, [x0, #416]
    \move q28, q29, [x0, #448]
    \move q30, q31, [x0, #480]
    .endm

// void fpu_save(void* area)
    .globl fpu_save
fpu_save:
    vector_registers stp
    mrs x1, fpcr
    mrs x2, fpsr
    add x0, x0, #512
    stp x1, x2, [x0]
    ret

// void fpu_restore(const void* area)
    .globl fpu_restore
fpu_restore:
    vector_registers ldp
    add x0, x0, #512
    ldp x1, x2, [x0]
    msr fpcr, x1
    msr fpsr, x2
    ret

    .section .note.GNU-stack, "", %progbits

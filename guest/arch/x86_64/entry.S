// Ways into the kernel and out of it, and from one kernel stack to another.
//
// Every entry from user mode starts at the top of the thread's kernel stack and leaves a struct
// arch_regs there.  The kernel has one processor and uses neither %fs nor %gs: their bases stay
// the user's, and no swapgs is needed.  Interrupts are off in the kernel.

#include "arch_defs.h"

// Offsets in struct arch_regs.
#define REGS_RDI 0
#define REGS_RSI 8
#define REGS_RDX 16
#define REGS_R10 24
#define REGS_R8 32
#define REGS_R9 40
#define REGS_RAX 64
#define REGS_RBP 88
#define REGS_RIP 136
#define REGS_CS 144
#define REGS_RFLAGS 152
#define REGS_RSP 160

    .section .text.entry, "ax"

// The first fifteen words of struct arch_regs.
    .macro push_general_registers
    pushq %r15
    pushq %r14
    pushq %r11
    pushq %rbp
    pushq %rcx
    pushq %rbx
    pushq %rax
    pushq %r13
    pushq %r12
    pushq %r9
    pushq %r8
    pushq %r10
    pushq %rdx
    pushq %rsi
    pushq %rdi
    .endm

// ---- system calls -----------------------------------------------------------------------------
//
// syscall: %rcx = address behind the instruction, %r11 = flags, %rsp still the user's.  FMASK has
// cleared IF, DF, TF, NT and AC.  A non-maskable interrupt before the stack is changed runs on a
// stack of its own (IST), so it cannot be led to a user's stack.
    .balign 64
    .globl syscall_entry
syscall_entry:
    movq %rsp, syscall_user_rsp(%rip)   // one processor, interrupts off: a variable will do
    movq tss + 4(%rip), %rsp            // rsp0: top of this thread's kernel stack
    pushq $USER_DATA_SELECTOR           // ss
    pushq syscall_user_rsp(%rip)        // rsp
    pushq %r11                          // rflags
    pushq $USER_CODE_SELECTOR           // cs
    pushq %rcx                          // rip
    pushq $0                            // error_code
    pushq $VECTOR_SYSCALL               // vector
    push_general_registers
    movq %rax, %rdi                     // number
    movq %rsp, %rsi                     // arguments: the first words of the registers
    movq %rcx, %rdx                     // where the call came from
    xorl %ebp, %ebp                     // end of the chain of frame pointers
    call syscall_dispatch
    cmpb $0, user_mode_work(%rip)
    jne syscall_slow_exit
    // The fast way out.  The callee-saved registers still hold the user's values, except %rbp.
    // The user's %rip is the one of the entry, behind an instruction below USER_END, so it is
    // canonical and sysret cannot fault in the kernel with the user's stack.
    movq REGS_RDI(%rsp), %rdi
    movq REGS_RSI(%rsp), %rsi
    movq REGS_RDX(%rsp), %rdx
    movq REGS_R10(%rsp), %r10
    movq REGS_R8(%rsp), %r8
    movq REGS_R9(%rsp), %r9
    movq REGS_RBP(%rsp), %rbp
    movq REGS_RIP(%rsp), %rcx
    movq REGS_RFLAGS(%rsp), %r11
    movq REGS_RSP(%rsp), %rsp
    sysretq

syscall_slow_exit:
    movq %rax, REGS_RAX(%rsp)           // the result
    jmp return_to_user

// ---- exceptions and interrupts ------------------------------------------------------------------
//
// 256 entries of 16 bytes, addressed by the interrupt descriptor table.  Each makes the stack look
// alike: an error code (0 where the processor pushes none) and the vector.
    .balign 16
    .globl trap_entries
trap_entries:
    .set number, 0
    .rept 256
    .balign 16
    .if number != 8 && (number < 10 || number > 14) && number != 17 && number != 21 && number != 29 && number != 30
    pushq $0
    .endif
    pushq $number
    .if number == 1
    jmp debug_trap
    .else
    jmp trap_common
    .endif
    .set number, number + 1
    .endr

// The debug exception has a stack of its own too: behind a "mov %ss" it comes on the first
// instruction of syscall_entry, with the user's stack.  From user mode it goes on like any other,
// on the thread's kernel stack.
    .balign 16
debug_trap:
    testb $3, 24(%rsp)                  // cs
    jz trap_common
    pushq %rax
    movq tss + 4(%rip), %rax            // rsp0
    pushq %rbx
    .set offset, 0
    .rept 7                             // vector, error_code, rip, cs, rflags, rsp, ss
    movq 16 + offset(%rsp), %rbx
    movq %rbx, -56 + offset(%rax)
    .set offset, offset + 8
    .endr
    leaq -56(%rax), %rax
    movq (%rsp), %rbx
    xchgq %rax, 8(%rsp)                 // the user's %rax, and the new stack pointer in memory
    movq 8(%rsp), %rsp

    .balign 16
trap_common:
    push_general_registers
    cld                                 // the C code's flags: ascending strings,
    cmpb $0, have_smap(%rip)
    je 1f
    clac                                // no access to user pages
1:  movq %rsp, %rdi
    testb $3, REGS_CS(%rsp)             // a trap in the kernel: its frames go on in the trapped code
    jz 2f
    xorl %ebp, %ebp
2:  call trap_handler
    testb $3, REGS_CS(%rsp)
    jz restore_registers

    .globl return_to_user
return_to_user:
    cmpb $0, user_mode_work(%rip)
    je restore_registers
    call thread_before_user_mode        // may stop here, or never come back
    jmp return_to_user

restore_registers:
    popq %rdi
    popq %rsi
    popq %rdx
    popq %r10
    popq %r8
    popq %r9
    popq %r12
    popq %r13
    popq %rax
    popq %rbx
    popq %rcx
    popq %rbp
    popq %r11
    popq %r14
    popq %r15
    addq $16, %rsp                      // vector, error_code
    iretq

// ---- switching --------------------------------------------------------------------------------

// void switch_stacks(uint64_t* save_sp, uint64_t new_sp)
    .globl switch_stacks
switch_stacks:
    pushq %rbx                          // what a called function must keep
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

// A new thread's first switch returns here: %rbx = function, %r12 = argument.
    .globl thread_first_switch
thread_first_switch:
    call thread_switched                // what every switch ends with
    movq %r12, %rdi
    call *%rbx
    call thread_exit_current

// void enter_user(struct arch_regs* regs): leaves the kernel with these registers, which lie at
// the top of the kernel stack.
    .globl enter_user
enter_user:
    movq %rdi, %rsp
    jmp return_to_user

    .section .bss
    .balign 8
syscall_user_rsp:
    .skip 8

    .section .note.GNU-stack, "", @progbits

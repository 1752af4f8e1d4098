// Where processes and threads begin, and the instructions whose exceptions the agent answers.

.text

// The first process: bootstrap channel in rdi, vDSO base in rsi.
.globl _start
.hidden _start
.type _start, %function
_start:
    xor %ebp, %ebp
    and $-16, %rsp
    call agent_main
    ud2

// A child's main thread: a handle in rdi, its context in rsi.
.globl child_main_entry
.hidden child_main_entry
child_main_entry:
    xor %ebp, %ebp
    and $-16, %rsp
    call runner_main
    ud2

// A helper thread: its number in rdi, the context in rsi.
.globl child_helper_entry
.hidden child_helper_entry
child_helper_entry:
    xor %ebp, %ebp
    and $-16, %rsp
    call runner_helper
    ud2

// A helper thread that did not end in time goes on here: the context in rsi.
.globl child_exit_entry
.hidden child_exit_entry
child_exit_entry:
    xor %ebp, %ebp
    and $-16, %rsp
    call runner_exit
    ud2

// uint64_t agent_trap(uint64_t request, uint64_t argument): the agent sets rax and rip.
.globl agent_trap, agent_trap_at, agent_trap_return
.hidden agent_trap, agent_trap_at, agent_trap_return
.type agent_trap, %function
agent_trap:
    int3
agent_trap_at:                      // rip of a breakpoint exception is behind the instruction
agent_trap_return:
    ret

// rdi address, rsi size, rdx where to note a fault, rcx the value to store.
.globl guarded_load, guarded_store, guarded_begin, guarded_end, guarded_fault
.hidden guarded_load, guarded_store, guarded_begin, guarded_end, guarded_fault
.type guarded_load, %function
.type guarded_store, %function
guarded_load:
    movq $0, (%rdx)
    cmp $2, %rsi
    jb load1
    je load2
    cmp $4, %rsi
    je load4
    jmp load8
guarded_store:
    movq $0, (%rdx)
    cmp $2, %rsi
    jb store1
    je store2
    cmp $4, %rsi
    je store4
    jmp store8

guarded_begin:
load1:
    movzbl (%rdi), %eax
    ret
load2:
    movzwl (%rdi), %eax
    ret
load4:
    movl (%rdi), %eax
    ret
load8:
    movq (%rdi), %rax
    ret
store1:
    movb %cl, (%rdi)
    ret
store2:
    movw %cx, (%rdi)
    ret
store4:
    movl %ecx, (%rdi)
    ret
store8:
    movq %rcx, (%rdi)
    ret
guarded_end:

// Where the agent lets a faulting access go on.
guarded_fault:
    movq $1, (%rdx)
    xor %eax, %eax
    ret

.section .note.GNU-stack, "", %progbits

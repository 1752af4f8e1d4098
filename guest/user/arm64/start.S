// Where processes and threads begin, and the instructions whose exceptions the agent answers.

.text

// The first process: bootstrap channel in x0, vDSO base in x1.
.globl _start
.hidden _start
.type _start, %function
_start:
    mov x29, #0
    mov x30, #0
    bl agent_main
    brk #1

// A child's main thread: a handle in x0, its context in x1.
.globl child_main_entry
.hidden child_main_entry
child_main_entry:
    mov x29, #0
    mov x30, #0
    bl runner_main
    brk #1

// A helper thread: its number in x0, the context in x1.
.globl child_helper_entry
.hidden child_helper_entry
child_helper_entry:
    mov x29, #0
    mov x30, #0
    bl runner_helper
    brk #1

// A helper thread that did not end in time goes on here: the context in x1.
.globl child_exit_entry
.hidden child_exit_entry
child_exit_entry:
    mov x29, #0
    mov x30, #0
    bl runner_exit
    brk #1

// uint64_t agent_trap(uint64_t request, uint64_t argument): the agent sets x0 and pc.
.globl agent_trap, agent_trap_at, agent_trap_return
.hidden agent_trap, agent_trap_at, agent_trap_return
.type agent_trap, %function
agent_trap:
agent_trap_at:                      // pc of a breakpoint exception is the instruction
    brk #0
agent_trap_return:
    ret

// x0 address, x1 size, x2 where to note a fault, x3 the value to store.
.globl guarded_load, guarded_store, guarded_begin, guarded_end, guarded_fault
.hidden guarded_load, guarded_store, guarded_begin, guarded_end, guarded_fault
.type guarded_load, %function
.type guarded_store, %function
guarded_load:
    str xzr, [x2]
    cmp x1, #2
    b.lo load1
    b.eq load2
    cmp x1, #4
    b.eq load4
    b load8
guarded_store:
    str xzr, [x2]
    cmp x1, #2
    b.lo store1
    b.eq store2
    cmp x1, #4
    b.eq store4
    b store8

guarded_begin:
load1:
    ldrb w0, [x0]
    ret
load2:
    ldrh w0, [x0]
    ret
load4:
    ldr w0, [x0]
    ret
load8:
    ldr x0, [x0]
    ret
store1:
    strb w3, [x0]
    ret
store2:
    strh w3, [x0]
    ret
store4:
    str w3, [x0]
    ret
store8:
    str x3, [x0]
    ret
guarded_end:

// Where the agent lets a faulting access go on.
guarded_fault:
    mov x4, #1
    str x4, [x2]
    mov x0, #0
    ret

.section .note.GNU-stack, "", %progbits

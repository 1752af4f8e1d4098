// Where the first process, workers and their threads begin.

.text

// The first process: bootstrap channel in rdi, vDSO base in rsi.
.globl _start
.hidden _start
.type _start, %function
_start:
    xor %ebp, %ebp
    and $-16, %rsp
    call controller_main
    ud2

// A worker's first thread: a handle in rdi, its memory in rsi.
.globl worker_entry
.hidden worker_entry
worker_entry:
    xor %ebp, %ebp
    and $-16, %rsp
    call worker_main
    ud2

// Another thread of it: its number in rdi, the memory in rsi.
.globl thread_entry
.hidden thread_entry
thread_entry:
    xor %ebp, %ebp
    and $-16, %rsp
    call worker_thread
    ud2

.section .note.GNU-stack, "", @progbits

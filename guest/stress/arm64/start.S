// Where the first process, workers and their threads begin.

.text

// The first process: bootstrap channel in x0, vDSO base in x1.
.globl _start
.hidden _start
.type _start, %function
_start:
    mov x29, #0
    mov x30, #0
    bl controller_main
    brk #1

// A worker's first thread: a handle in x0, its memory in x1.
.globl worker_entry
.hidden worker_entry
worker_entry:
    mov x29, #0
    mov x30, #0
    bl worker_main
    brk #1

// Another thread of it: its number in x0, the memory in x1.
.globl thread_entry
.hidden thread_entry
thread_entry:
    mov x29, #0
    mov x30, #0
    bl worker_thread
    brk #1

.section .note.GNU-stack, "", %progbits

// Entered by -kernel at EL1; the compiler may use vector registers, so they are enabled.
    .text
    .globl _start
_start:
    mov x0, #0x40300000
    mov sp, x0
    mov x1, #(3 << 20)
    msr cpacr_el1, x1
    isb
    bl guest_main

    .section .note.GNU-stack, "", %progbits

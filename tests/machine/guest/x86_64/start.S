// Entered by -kernel (PVH) in 32-bit protected mode.
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long _start

    .text
    .globl _start
_start:
    movl $0x300000, %esp
    call guest_main

    .section .note.GNU-stack, "", @progbits

// The floor under every start-up time: a guest whose first instructions leave QEMU.
//
// QEMU's -kernel enters at the address in the PVH note, in 32-bit protected mode without paging.
// A write to the isa-debug-exit device ends QEMU with exit status (value << 1) | 1.

    .section .note.Xen, "a", @note
    .balign 4
    .long 4                     // length of the owner's name
    .long 4                     // length of the entry address
    .long 18                    // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long _start

    .section .text
    .code32
    .globl _start
_start:
    movw $0xf4, %dx             // isa-debug-exit, iobase=0xf4
    xorl %eax, %eax
    outb %al, %dx               // exit status 1
1:  hlt                         // not reached where the device is there
    jmp 1b

    .section .note.GNU-stack, "", @progbits

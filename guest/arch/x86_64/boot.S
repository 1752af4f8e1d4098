// From the loader's last instruction to the kernel's first C function.
//
// QEMU's -kernel finds the PVH note below and enters pvh_entry in 32-bit protected mode: flat
// segments, paging off, interrupts off, %ebx = physical address of hvm_start_info.  The same image
// starts on "microvm" and on "q35".  After a reset the loader writes the image anew, but the rest
// of RAM keeps its contents: nothing here trusts memory outside the image.
//
// The image is moved from where it was loaded to where it runs, piece by piece and only where the
// pieces differ.  After a reset they do not, so QEMU keeps its translation of the kernel's code and
// of the programs in the image (kernel.ld).

#include "arch_defs.h"

#define PHYSICAL(symbol) (symbol - KERNEL_BASE)

#define PTE_P 0x001             // present
#define PTE_W 0x002             // writable
#define PTE_PS 0x080            // 2 MiB page
#define PTE_A 0x020             // accessed, and dirty: so that the processor need not set them
#define PTE_A_D 0x060

#define CR0_PE 0x1
#define CR0_PG_WP 0x80010000    // paging; the kernel too honours read-only pages
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_SCE_LME_NXE 0x901  // syscall, long mode, no-execute pages

    .section .note.Xen, "a", @note
    .balign 4
    .long 4                     // length of the owner's name
    .long 4                     // length of the entry address
    .long 18                    // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .long pvh_entry

// Runs where it is loaded; mapped only until mmu_init.
    .section .boot, "ax"
    .code32
    .globl pvh_entry
pvh_entry:
    cld
    movl %ebx, %edi                         // start info: first argument of arch_main

    movl $boot_pml4, %eax         // the tables below
    movl %eax, %cr3
    movl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_SCE_LME_NXE, %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG_WP | CR0_PE), %eax
    movl %eax, %cr0                         // paging is on: compatibility mode
    lgdt boot_gdt_pointer
    ljmp $KERNEL_CODE_SELECTOR, $long_mode  // and 64-bit mode

    .code64
long_mode:
    movl $KERNEL_DATA_SELECTOR, %eax
    movl %eax, %ss
    xorl %eax, %eax                         // the other segments are of no use
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %edi, %ebx                         // start info; upper half: zero
    movl $load_start, %esi                  // the first gigabyte is mapped where it is
    movl $PHYSICAL(text_start), %edi
    movl $load_size, %ecx                   // whole pages
1:  movq (%rsi), %rax                       // 32 bytes at a time
    movq 8(%rsi), %rdx
    movq 16(%rsi), %r8
    movq 24(%rsi), %r9
    movq %rax, %r10
    movq %rdx, %r11
    movq %r8, %r12
    movq %r9, %r13
    xorq (%rdi), %r10                       // a bit stays where they differ
    xorq 8(%rdi), %r11
    xorq 16(%rdi), %r12
    xorq 24(%rdi), %r13
    orq %r11, %r10
    orq %r13, %r12
    orq %r12, %r10
    jz 2f
    movq %rax, (%rdi)
    movq %rdx, 8(%rdi)
    movq %r8, 16(%rdi)
    movq %r9, 24(%rdi)
2:  addq $32, %rsi
    addq $32, %rdi
    subl $32, %ecx
    jnz 1b
    movabsq $high_half, %rax
    jmpq *%rax

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff                // 0x08: 64-bit code, ring 0, accessed
    .quad 0x00cf93000000ffff                // 0x10: data, ring 0, accessed
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt

    .section .text.entry, "ax"
    .code64
high_half:
    leaq boot_stack_end(%rip), %rsp
    leaq data_end(%rip), %rdi               // .bss: not in the image
    leaq bss_end(%rip), %rcx
    xorl %eax, %eax
1:  movq %rax, (%rdi)                       // whole pages; string instructions are slow under TCG
    movq %rax, 8(%rdi)
    movq %rax, 16(%rdi)
    movq %rax, 24(%rdi)
    movq %rax, 32(%rdi)
    movq %rax, 40(%rdi)
    movq %rax, 48(%rdi)
    movq %rax, 56(%rdi)
    addq $64, %rdi
    cmpq %rcx, %rdi
    jb 1b
    movq %rbx, %rdi
    xorl %ebp, %ebp                         // end of the chain of frame pointers
    call arch_main                          // does not return

// In 2 MiB pages: the first 4 GiB where they are and at PHYS_MAP_BASE, the first of them at
// KERNEL_BASE.
    .section .boot, "ax"
    .balign 4096
boot_pml4:
    .quad boot_pdpt + PTE_P + PTE_W + PTE_A
    .fill 255, 8, 0
    .quad boot_pdpt + PTE_P + PTE_W + PTE_A             // 256: PHYS_MAP_BASE
    .fill 254, 8, 0
    .quad boot_high_pdpt + PTE_P + PTE_W + PTE_A        // 511
boot_pdpt:
    .quad boot_pd + PTE_P + PTE_W + PTE_A
    .quad boot_pd + 0x1000 + PTE_P + PTE_W + PTE_A
    .quad boot_pd + 0x2000 + PTE_P + PTE_W + PTE_A
    .quad boot_pd + 0x3000 + PTE_P + PTE_W + PTE_A
    .fill 508, 8, 0
boot_high_pdpt:
    .fill 510, 8, 0
    .quad boot_pd + PTE_P + PTE_W + PTE_A               // 510: KERNEL_BASE
    .quad 0
boot_pd:
    .set frame, 0
    .rept 2048
    .quad frame + PTE_P + PTE_W + PTE_PS + PTE_A_D
    .set frame, frame + 0x200000
    .endr

// The boot thread's stack.
    .bss
    .balign 16
    .globl boot_stack
boot_stack:
    .skip 8192
boot_stack_end:

    .section .note.GNU-stack, "", @progbits

// The two calls that end a thread whose stack may be gone before the end: they touch no memory
// between the store (or the unmapping) and the exit, so they cannot call the ordinary entries.
// Each trap here is the second place from which the kernel accepts its call number; the label
// behind it tells the build.
#include "zx/numbers.h"

.macro trap name, number
    mov $\number, %eax
    syscall
    .globl vdso_exit_return_zx_\name
    .hidden vdso_exit_return_zx_\name
vdso_exit_return_zx_\name:
.endm

.macro export name
    .globl _\name
    .type _\name, %function
    .weak \name
    .type \name, %function
    .set \name, _\name
.endm

.text

// void (const zx_futex_t* value_ptr, uint32_t wake_count, int32_t new_value, zx_handle_t close)
export zx_futex_wake_handle_close_thread_exit
.p2align 4
_zx_futex_wake_handle_close_thread_exit:
    .cfi_startproc
    mov %ecx, %ebx              // never returns: callee-saved registers are free
    mov %edx, (%rdi)            // a store with release semantics, as all are here
    trap futex_wake, ZX_SYS_futex_wake
close_and_exit:
    mov %ebx, %edi
    trap handle_close, ZX_SYS_handle_close
    trap thread_exit, ZX_SYS_thread_exit
    ud2
    .cfi_endproc
.size _zx_futex_wake_handle_close_thread_exit, . - _zx_futex_wake_handle_close_thread_exit

// zx_status_t (zx_handle_t vmar, zx_vaddr_t addr, size_t size, zx_handle_t close)
// Returns only if the unmapping failed.
export zx_vmar_unmap_handle_close_thread_exit
.p2align 4
_zx_vmar_unmap_handle_close_thread_exit:
    .cfi_startproc
    mov %rbx, %r8               // kept by the kernel
    mov %ecx, %ebx
    trap vmar_unmap, ZX_SYS_vmar_unmap
    test %eax, %eax
    jz close_and_exit
    mov %r8, %rbx
    ret
    .cfi_endproc
.size _zx_vmar_unmap_handle_close_thread_exit, . - _zx_vmar_unmap_handle_close_thread_exit

.section .note.GNU-stack, "", %progbits

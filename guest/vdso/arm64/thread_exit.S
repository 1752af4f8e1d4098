// The two calls that end a thread whose stack may be gone before the end: they keep all they need
// in registers between the store (or the unmapping) and the exit, and the entries they call use no
// stack either.

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
    mov w19, w3                 // never returns: callee-saved registers are free
    stlr w2, [x0]
    bl SYSCALL_zx_futex_wake
close_and_exit:
    mov w0, w19
    bl SYSCALL_zx_handle_close
    bl SYSCALL_zx_thread_exit
    brk #0
    .cfi_endproc
.size _zx_futex_wake_handle_close_thread_exit, . - _zx_futex_wake_handle_close_thread_exit

// zx_status_t (zx_handle_t vmar, zx_vaddr_t addr, size_t size, zx_handle_t close)
// Returns only if the unmapping failed.
export zx_vmar_unmap_handle_close_thread_exit
.p2align 4
_zx_vmar_unmap_handle_close_thread_exit:
    .cfi_startproc
    mov x9, x19                 // the kernel keeps x9 and x10
    mov x10, x30
    mov w19, w3
    bl SYSCALL_zx_vmar_unmap
    cbz w0, close_and_exit
    mov x19, x9
    ret x10
    .cfi_endproc
.size _zx_vmar_unmap_handle_close_thread_exit, . - _zx_vmar_unmap_handle_close_thread_exit

.section .note.GNU-stack, "", %progbits

// Calls that take more than one kernel entry.
#include "internal.h"

// A channel call whose wait was interrupted (the thread was suspended) goes on with the same
// transaction: the message is sent once.
VDSO_FUNCTION zx_status_t _zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                                           const zx_channel_call_args_t* args,
                                           uint32_t* actual_bytes, uint32_t* actual_handles) {
    zx_status_t status = SYSCALL_zx_channel_call_noretry(handle, options, deadline, args,
                                                         actual_bytes, actual_handles);
    while (status == ZX_ERR_INTERNAL_INTR_RETRY) {
        status = SYSCALL_zx_channel_call_finish(deadline, args, actual_bytes, actual_handles);
    }
    return status;
}
VDSO_EXPORT(zx_channel_call);

VDSO_FUNCTION zx_status_t _zx_channel_call_etc(zx_handle_t handle, uint32_t options,
                                               zx_time_t deadline, zx_channel_call_etc_args_t* args,
                                               uint32_t* actual_bytes, uint32_t* actual_handles) {
    zx_status_t status = SYSCALL_zx_channel_call_etc_noretry(handle, options, deadline, args,
                                                             actual_bytes, actual_handles);
    while (status == ZX_ERR_INTERNAL_INTR_RETRY) {
        status = SYSCALL_zx_channel_call_etc_finish(deadline, args, actual_bytes, actual_handles);
    }
    return status;
}
VDSO_EXPORT(zx_channel_call_etc);

// Cannot fail: whoever asks for random bytes must get them or stop.
VDSO_FUNCTION void _zx_cprng_draw(void* buffer, size_t buffer_size) {
    uint8_t* next = buffer;
    while (buffer_size > 0) {
        size_t size = buffer_size < ZX_CPRNG_DRAW_MAX_LEN ? buffer_size : ZX_CPRNG_DRAW_MAX_LEN;
        if (SYSCALL_zx_cprng_draw_once(next, size) != ZX_OK) {
            __builtin_trap();
        }
        next += size;
        buffer_size -= size;
    }
}
VDSO_EXPORT(zx_cprng_draw);

#if defined(__aarch64__)
static void flush_lines(uintptr_t start, uintptr_t end, uint32_t options) {
    uintptr_t line = CONSTANTS->dcache_line_size ? CONSTANTS->dcache_line_size : 16;
    start &= ~(line - 1);
    for (uintptr_t at = start; at < end; at += line) {
        if (options & ZX_CACHE_FLUSH_INVALIDATE) {
            __asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
        } else {
            __asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
        }
    }
    __asm__ volatile("dsb sy" : : : "memory");
    if (options & ZX_CACHE_FLUSH_INSN) {
        for (uintptr_t at = start; at < end; at += line) {
            __asm__ volatile("ic ivau, %0" : : "r"(at) : "memory");
        }
        __asm__ volatile("dsb ish\n\tisb" : : : "memory");
    }
}
#endif

// x86-64 keeps its caches coherent by itself, so there the options are only checked.
VDSO_FUNCTION zx_status_t _zx_cache_flush(const void* addr, size_t size, uint32_t options) {
    switch (options) {
    case ZX_CACHE_FLUSH_INSN:
    case ZX_CACHE_FLUSH_DATA:
    case ZX_CACHE_FLUSH_INSN | ZX_CACHE_FLUSH_DATA:
    case ZX_CACHE_FLUSH_DATA | ZX_CACHE_FLUSH_INVALIDATE:
    case ZX_CACHE_FLUSH_INSN | ZX_CACHE_FLUSH_DATA | ZX_CACHE_FLUSH_INVALIDATE:
        break;
    default:
        return ZX_ERR_INVALID_ARGS;
    }
#if defined(__aarch64__)
    flush_lines((uintptr_t)addr, (uintptr_t)addr + size, options);
#else
    (void)addr;
    (void)size;
#endif
    return ZX_OK;
}
VDSO_EXPORT(zx_cache_flush);

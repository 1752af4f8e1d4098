// Time without entering the kernel: the hardware counter, scaled by what the kernel measured.
#include "internal.h"

static inline uint64_t hardware_counter(void) {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t count;
    // The barrier keeps the read from being taken before the instructions in front of it.
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
    return count;
#endif
}

static inline zx_ticks_t ticks_now(void) {
    return (zx_ticks_t)(hardware_counter() + (uint64_t)CONSTANTS->ticks_offset);
}

static inline zx_time_t monotonic_now(void) {
    return vdso_ticks_to_ns(CONSTANTS, (uint64_t)ticks_now());
}

VDSO_FUNCTION zx_ticks_t _zx_ticks_get(void) {
    return ticks_now();
}
VDSO_EXPORT(zx_ticks_get);

VDSO_FUNCTION zx_ticks_t _zx_ticks_per_second(void) {
    return (zx_ticks_t)CONSTANTS->ticks_per_second;
}
VDSO_EXPORT(zx_ticks_per_second);

VDSO_FUNCTION zx_time_t _zx_clock_get_monotonic(void) {
    return monotonic_now();
}
VDSO_EXPORT(zx_clock_get_monotonic);

// Saturates, so that "infinitely long" stays infinite.
VDSO_FUNCTION zx_time_t _zx_deadline_after(zx_duration_t nanoseconds) {
    zx_time_t deadline;
    if (__builtin_add_overflow(monotonic_now(), nanoseconds, &deadline)) {
        return nanoseconds < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
    }
    return deadline;
}
VDSO_EXPORT(zx_deadline_after);

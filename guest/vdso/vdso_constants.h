// What the kernel tells the vDSO: one page of the image that the kernel fills in, in its own copy,
// before it maps the image into the first process.  Never written afterwards.
#pragma once

#include <stdint.h>

#define VDSO_VERSION_SIZE 64
#define VDSO_FEATURE_KINDS 5

struct vdso_constants {
    uint64_t ticks_per_second;
    int64_t ticks_offset;   // zx_ticks_get() is the hardware counter plus this: 0 at boot
    uint64_t ns_multiplier; // nanoseconds = (ticks * ns_multiplier) >> ns_shift, in 128 bits
    uint32_t ns_shift;      // 0 to 63
    uint32_t num_cpus;
    uint32_t page_size;                    // bytes
    uint32_t dcache_line_size;             // bytes
    uint64_t physmem;                      // bytes of RAM
    uint32_t features[VDSO_FEATURE_KINDS]; // by ZX_FEATURE_KIND_*
    uint32_t version_length;               // bytes of version, without the NUL
    char version[VDSO_VERSION_SIZE];       // NUL-terminated
};

// The page; hidden in the vDSO, found by the kernel through VDSO_CONSTANTS_OFFSET.
union vdso_constants_page {
    struct vdso_constants values;
    uint8_t bytes[4096];
};

// Ticks (as zx_ticks_get gives them) as nanoseconds of monotonic time.
static inline int64_t vdso_ticks_to_ns(const struct vdso_constants* constants, uint64_t ticks) {
    return (int64_t)(((unsigned __int128)ticks * constants->ns_multiplier) >> constants->ns_shift);
}

// Moving and comparing bytes, for the kernel and for programs: the compiler calls these by itself.
// Under TCG each instruction costs about the same whatever it moves, and string instructions are
// slow: so eight bytes at a time in plain code, unrolled.

#include "memory.h"

#include <stdint.h>

// Words at addresses of any alignment; both architectures allow it for ordinary memory.
struct word {
    uint64_t value;
} __attribute__((packed, may_alias));

static inline uint64_t load(const void* from) {
    return ((const struct word*)from)->value;
}
static inline void store(void* to, uint64_t value) {
    ((struct word*)to)->value = value;
}

// The loops below must not be turned into calls of the functions they implement.
#define NO_BUILTIN __attribute__((no_builtin))

NO_BUILTIN void* memcpy(void* restrict to, const void* restrict from, size_t size) {
    uint8_t* out = to;
    const uint8_t* in = from;
    for (; size >= 32; size -= 32, out += 32, in += 32) {
        uint64_t a = load(in), b = load(in + 8), c = load(in + 16), d = load(in + 24);
        store(out, a);
        store(out + 8, b);
        store(out + 16, c);
        store(out + 24, d);
    }
    for (; size >= 8; size -= 8, out += 8, in += 8) {
        store(out, load(in));
    }
    while (size-- > 0) {
        *out++ = *in++;
    }
    return to;
}

NO_BUILTIN void* memmove(void* to, const void* from, size_t size) {
    uint8_t* out = to;
    const uint8_t* in = from;
    if (out <= in || out >= in + size) {
        // Ascending addresses never overwrite what is still to be read.
        for (; size >= 8; size -= 8, out += 8, in += 8) {
            store(out, load(in));
        }
        while (size-- > 0) {
            *out++ = *in++;
        }
        return to;
    }
    for (; size >= 8; size -= 8) {
        store(out + size - 8, load(in + size - 8));
    }
    while (size-- > 0) {
        out[size] = in[size];
    }
    return to;
}

NO_BUILTIN void* memset(void* to, int byte, size_t size) {
    uint8_t* out = to;
    uint64_t word = (uint8_t)byte * 0x0101010101010101u;
    for (; size >= 64; size -= 64, out += 64) {
        store(out, word);
        store(out + 8, word);
        store(out + 16, word);
        store(out + 24, word);
        store(out + 32, word);
        store(out + 40, word);
        store(out + 48, word);
        store(out + 56, word);
    }
    for (; size >= 8; size -= 8, out += 8) {
        store(out, word);
    }
    while (size-- > 0) {
        *out++ = (uint8_t)byte;
    }
    return to;
}

NO_BUILTIN int memcmp(const void* a, const void* b, size_t size) {
    const uint8_t* left = a;
    const uint8_t* right = b;
    for (; size >= 8 && load(left) == load(right); size -= 8) {
        left += 8;
        right += 8;
    }
    for (; size > 0; size--, left++, right++) {
        if (*left != *right) {
            return *left - *right;
        }
    }
    return 0;
}

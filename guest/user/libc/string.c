// Moving and comparing bytes.

#include "libc.h"

int memcmp(const void* left, const void* right, size_t size) {
    const unsigned char* a = left;
    const unsigned char* b = right;
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

// Words at addresses of any alignment; both machines allow it for ordinary memory.
struct word {
    uint64_t value;
} __attribute__((packed, may_alias));

static inline uint64_t load(const void* from) {
    return ((const struct word*)from)->value;
}
static inline void store(void* to, uint64_t value) {
    ((struct word*)to)->value = value;
}

// Copies from the front, so that the target may lie before the source and overlap it.  Thirty-two
// bytes a round: what counts in an emulated machine is the number of instructions.
static void* copy_forward(void* to, const void* from, size_t size) {
    unsigned char* d = to;
    const unsigned char* s = from;
    for (; size >= 32; size -= 32, d += 32, s += 32) {
        store(d, load(s));
        store(d + 8, load(s + 8));
        store(d + 16, load(s + 16));
        store(d + 24, load(s + 24));
    }
    for (; size >= 8; size -= 8, d += 8, s += 8) {
        store(d, load(s));
    }
    for (; size > 0; size--) {
        *d++ = *s++;
    }
    return to;
}

void* memcpy(void* restrict to, const void* restrict from, size_t size) {
    return copy_forward(to, from, size);
}

void* memmove(void* to, const void* from, size_t size) {
    unsigned char* d = to;
    const unsigned char* s = from;
    if ((uintptr_t)d - (uintptr_t)s >= size) {
        return copy_forward(to, from, size);
    }
    while (size > 0) {
        size--;
        d[size] = s[size];
    }
    return to;
}

void* memset(void* to, int byte, size_t size) {
    unsigned char* d = to;
    uint64_t word = 0x0101010101010101u * (unsigned char)byte;
    for (; size >= 64; size -= 64, d += 64) {
        store(d, word);
        store(d + 8, word);
        store(d + 16, word);
        store(d + 24, word);
        store(d + 32, word);
        store(d + 40, word);
        store(d + 48, word);
        store(d + 56, word);
    }
    for (; size >= 8; size -= 8, d += 8) {
        store(d, word);
    }
    for (; size > 0; size--) {
        *d++ = (unsigned char)byte;
    }
    return to;
}

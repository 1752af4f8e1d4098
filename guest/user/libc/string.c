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

// Eight bytes at a time where both sides allow it: a load may lie anywhere on both machines.
void* memcpy(void* restrict to, const void* restrict from, size_t size) {
    unsigned char* d = to;
    const unsigned char* s = from;
    for (; size >= 8; size -= 8, d += 8, s += 8) {
        uint64_t word;
        __builtin_memcpy_inline(&word, s, 8);
        __builtin_memcpy_inline(d, &word, 8);
    }
    for (; size > 0; size--) {
        *d++ = *s++;
    }
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    unsigned char* d = to;
    const unsigned char* s = from;
    if ((uintptr_t)d - (uintptr_t)s >= size) {
        return memcpy(to, from, size);
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
    for (; size >= 8; size -= 8, d += 8) {
        __builtin_memcpy_inline(d, &word, 8);
    }
    for (; size > 0; size--) {
        *d++ = (unsigned char)byte;
    }
    return to;
}

// What first processes of the tests share: finding functions, and telling lines that a test reads.
//
// They have no relocations: nobody would apply them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PT_DYNAMIC 2
#define DT_STRTAB 5
#define DT_SYMTAB 6
#define MOST_SYMBOLS 1000 // more than any vDSO has

struct segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

struct dynamic {
    uint64_t tag, value;
};

struct symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

static int (*debug_write)(const char*, size_t);

static inline int equal(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static inline void* find(uint64_t vdso, const char* name) {
    const struct segment* segment = (const void*)(vdso + *(const uint64_t*)(vdso + 32));
    while (segment->type != PT_DYNAMIC) {
        segment++;
    }
    const struct symbol* symbols = NULL;
    const char* strings = NULL;
    for (const struct dynamic* d = (const void*)(vdso + segment->address); d->tag != 0; d++) {
        // A loader's relocated value or an offset.
        uint64_t value = d->value < vdso ? d->value + vdso : d->value;
        symbols = d->tag == DT_SYMTAB ? (const void*)value : symbols;
        strings = d->tag == DT_STRTAB ? (const void*)value : strings;
    }
    for (int i = 1; i < MOST_SYMBOLS; i++) {
        if (equal(strings + symbols[i].name, name)) {
            return (void*)(vdso + symbols[i].value);
        }
    }
    return NULL;
}

// ---- lines ----------------------------------------------------------------------------------

static char line[600];
static size_t length;

static inline void put(const char* text) {
    while (*text != '\0' && length < sizeof(line) - 1) {
        line[length++] = *text++;
    }
}

static inline void put_number(uint64_t number) {
    char digits[17];
    int at = 16;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number & 15];
        number >>= 4;
    } while (number != 0);
    put(" ");
    put(digits + at);
}

static inline void end_line(void) {
    line[length++] = '\n';
    debug_write(line, length);
    length = 0;
}

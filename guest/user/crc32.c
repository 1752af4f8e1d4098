// Eight bytes per step with eight tables: one byte at a time is four times slower.
#include "crc32.h"

#include "libc/libc.h"

#define POLYNOMIAL 0xedb88320u

static uint32_t (*tables)[256];

bool crc32_start(void) {
    tables = malloc(8 * sizeof(*tables));
    if (tables == NULL) {
        return false;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
        }
        tables[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int table = 1; table < 8; table++) {
            uint32_t before = tables[table - 1][byte];
            tables[table][byte] = before >> 8 ^ tables[0][before & 0xff];
        }
    }
    return true;
}

uint32_t crc32(const void* data, size_t size) {
    const uint8_t* next = data;
    uint32_t crc = ~0u;
    for (; size >= 8; size -= 8, next += 8) {
        uint64_t word;
        __builtin_memcpy_inline(&word, next, 8);
        word ^= crc;
        crc = tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^
              tables[4][word >> 24 & 0xff] ^ tables[3][word >> 32 & 0xff] ^
              tables[2][word >> 40 & 0xff] ^ tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
    }
    for (; size > 0; size--) {
        crc = crc >> 8 ^ tables[0][(crc ^ *next++) & 0xff];
    }
    return ~crc;
}

// A ChaCha20 key stream whose key is replaced after every draw; seeded by the tick counter at
// unforeseeable moments (interrupts, calls) and by what users add.
#include "cprng.h"

#include "arch.h"

static uint32_t key[8];
static uint64_t draws;

static uint32_t rotate_left(uint32_t value, unsigned count) {
    return (value << count) | (value >> (32 - count));
}

static void quarter_round(uint32_t* x, unsigned a, unsigned b, unsigned c, unsigned d) {
    x[a] += x[b], x[d] = rotate_left(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = rotate_left(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = rotate_left(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = rotate_left(x[b] ^ x[c], 7);
}

// One 64-byte block of the key stream (RFC 8439, the nonce being the tick counter).
static void chacha20_block(uint32_t counter, uint64_t nonce, uint32_t* out) {
    const uint32_t start[16] = {
        0x61707865,      0x3320646e, 0x79622d32, 0x6b206574,      key[0],
        key[1],          key[2],     key[3],     key[4],          key[5],
        key[6],          key[7],     counter,    (uint32_t)nonce, (uint32_t)(nonce >> 32),
        (uint32_t)draws,
    };
    for (unsigned i = 0; i < 16; i++) {
        out[i] = start[i];
    }
    // Columns, then diagonals: each row begins one word further right than the one above it.
    for (unsigned round = 0; round < 20; round++) {
        unsigned shift = round & 1;
        for (unsigned i = 0; i < 4; i++) {
            quarter_round(out, i, 4 + ((i + shift) & 3), 8 + ((i + 2 * shift) & 3),
                          12 + ((i + 3 * shift) & 3));
        }
    }
    for (unsigned i = 0; i < 16; i++) {
        out[i] += start[i];
    }
}

void cprng_draw(void* out, size_t size) {
    uint64_t nonce = arch_ticks();
    uint32_t block[16];
    uint8_t* bytes = out;
    draws++;
    for (uint32_t counter = 1; size > 0; counter++) {
        size_t part = size < sizeof(block) ? size : sizeof(block);
        chacha20_block(counter, nonce, block);
        __builtin_memcpy(bytes, block, part);
        bytes += part;
        size -= part;
    }
    chacha20_block(0, nonce, block);
    __builtin_memcpy(key, block, sizeof(key));
}

// Every process takes one: drawn by the block, which costs as much as a single number.
uint64_t cprng_u64(void) {
    static uint64_t stock[8];
    static size_t left;
    if (left == 0) {
        left = sizeof(stock) / sizeof(stock[0]);
        cprng_draw(stock, sizeof(stock));
    }
    return stock[--left];
}

void cprng_add_entropy(const void* bytes, size_t size) {
    const uint8_t* in = bytes;
    for (size_t i = 0; i < size; i++) {
        key[(i / 4) % 8] ^= (uint32_t)in[i] << (i % 4 * 8);
        if (i % 32 == 31 || i + 1 == size) {
            uint8_t discarded;
            cprng_draw(&discarded, sizeof(discarded));
        }
    }
}

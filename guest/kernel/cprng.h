// Random numbers for the kernel and for zx_cprng_draw.
#pragma once

#include <stddef.h>
#include <stdint.h>

uint64_t cprng_u64(void);
void cprng_draw(void* out, size_t size);
// Mixes bytes into the state; they can only make it harder to guess.
void cprng_add_entropy(const void* bytes, size_t size);

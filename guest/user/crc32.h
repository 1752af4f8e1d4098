// CRC-32 as zlib computes it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Fills the tables; once, before the first crc32.  False without memory.
bool crc32_start(void);
uint32_t crc32(const void* data, size_t size);

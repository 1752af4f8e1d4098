// CRC-32 as zlib computes it.
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t crc32(const void* data, size_t size);

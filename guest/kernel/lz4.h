// LZ4 frames, as boot file systems are stored in.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Decompresses one frame, whose content must have exactly to_size bytes.  Checksums are not looked
// at.  False if the frame is broken or its content has another size; `to` then holds anything.
bool lz4_decompress(const uint8_t* from, size_t from_size, uint8_t* to, size_t to_size);

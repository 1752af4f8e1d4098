// Position-independent images that bind themselves.
#pragma once

#include "libc/elf_symbols.h"

// The relocations a dynamic segment names, for an image whose first byte has address `base`.
struct relocations {
    uint64_t offset; // of the table in the image
    uint64_t count;
};

struct relocations relocations_of(const elf_dynamic_t* dynamic);
// Applies relative relocations: writes addresses for an image at `base` to `places`, which holds
// the image from offset `from` on.
void relocate(const elf_rela_t* table, uint64_t count, uint8_t* places, uint64_t from,
              uint64_t base);

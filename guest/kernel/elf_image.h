// ELF images: 64-bit, for this machine, position independent.
#pragma once

#include "vmar.h"

struct elf_image {
    uint64_t base;  // where its address 0 has come to lie
    uint64_t entry; // address
};

// Maps the image's segments into a free place below the region: those that are not writable from
// the VMO itself, writable ones from memory of their own.  NOT_SUPPORTED: not such an image.
zx_status_t elf_map(struct vmar* root, struct vmo* image, struct elf_image* out);

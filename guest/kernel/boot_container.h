// The container of boot items that the loader may have put into memory: bootdata or ZBI.
#pragma once

#include "arch.h"

struct vmo;

// A container without items: its header, as today's form has it.
extern const uint32_t boot_container_empty[8];
// Moves the container, if the first process is to come from one ("userboot=" on the command line),
// to the end of the RAM below `end`, and returns the end of what is left below it.  To be called
// before anything else is put into RAM.  Panics if there is no container or it is not as it must
// be.
paddr_t boot_container_keep(paddr_t end);
// Once: VMOs of the whole container, with its boot file system marked as used, and of that file
// system, decompressed.  Panics if there is none or no memory.
void boot_container_take(struct vmo** container, struct vmo** file_system);

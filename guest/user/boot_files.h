// The boot file system: files that came with the kernel, in one VMO.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processargs.h"

// Where the harness puts the programs, and the agent itself.
#define BOOT_FILE_AGENT "bin/agent"
#define BOOT_FILE_PROGRAMS "data/programs"

struct boot_file {
    const uint8_t* bytes; // mapped read-only, starts at a page
    size_t size;
    uint64_t offset; // in the VMO
};

// Maps the file system, if the process was given one; else there are no files.
void boot_files_start(const struct processargs* args);
// Looks a file up; false if there is none of this name.
bool boot_files_find(const char* name, struct boot_file* file);
// The VMO that holds them all.
zx_handle_t boot_files_vmo(void);

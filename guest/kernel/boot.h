// What the loader told the architecture's boot code.
#pragma once

#include "arch.h"

#define COMMAND_LINE_SIZE 512

struct boot_info {
    paddr_t ram_start; // RAM is [ram_start, ram_end)
    paddr_t ram_end;
    paddr_t image_start; // the kernel's image is [image_start, image_end), whole pages
    paddr_t image_end;
    paddr_t initrd; // where the loader put the initial RAM disk; 0: it says nothing of one
    char command_line[COMMAND_LINE_SIZE];
};

extern struct boot_info boot_info;

// Called by the boot code on the first kernel stack, with boot_info filled in.
__attribute__((noreturn)) void kernel_main(void);

// Whether the bare word is on the command line.
bool command_line_has(const char* word);
// Copies the text behind "name=" (the "=" belongs to the argument), as much of it as fits; false if
// the name is not there.
bool command_line_text(const char* name, char* out, size_t size);
// Whether the system calls for debugging are there: "kernel.enable-debugging-syscalls=true".
bool debugging_calls_enabled(void);
// The number, decimal or 0x, behind "name=" (the "=" belongs to the argument); fallback: not there.
uint64_t command_line_number(const char* name, uint64_t fallback);

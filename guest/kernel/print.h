// Kernel messages and the end of the kernel.
#pragma once

#include <stddef.h>

__attribute__((format(printf, 1, 2))) void printk(const char* format, ...);
int format_text(char* out, size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));

struct arch_regs;
// Registers, backtrace and a record in shared memory; tells the hypervisor; halts.  regs may be NULL.
__attribute__((noreturn, format(printf, 2, 3))) void panic(const struct arch_regs* regs,
                                                          const char* format, ...);

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            panic(NULL, "%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);            \
        }                                                                                          \
    } while (0)

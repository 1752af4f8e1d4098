// Kernel messages and the end of the kernel.
#pragma once

#include <stdarg.h>
#include <stddef.h>

__attribute__((format(printf, 1, 2))) void printk(const char* format, ...);
void print_char(char character);
// Characters as they are, but a newline also returns the carriage.
void print_text(const char* text, size_t length);
// Always ends with NUL if size is not 0; returns the length the whole text would have.
__attribute__((format(printf, 3, 4))) int format_text(char* out, size_t size, const char* format,
                                                      ...);
int format_arguments(char* out, size_t size, const char* format, va_list args);

struct arch_regs;
// Registers, backtrace and a record in shared memory; tells the hypervisor; halts.  regs may be
// NULL.
__attribute__((noreturn, format(printf, 2, 3))) void panic(const struct arch_regs* regs,
                                                           const char* format, ...);

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            panic(NULL, "%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);            \
        }                                                                                          \
    } while (0)

// microvm: 64 MiB at address 0, a 16550 UART at port 0x3f8.  32-bit protected mode, no paging.
#pragma once

#include <stdint.h>

#define RAM_END 0x4000000
#define MACHINE_CODE 62
#define UART 0x3f8

static inline void out(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void serial_put(int byte) {
    while (!(in(UART + 5) & 0x20)) {
    }
    out(UART, byte);
}

static inline int serial_get(void) {
    while (!(in(UART + 5) & 1)) {
    }
    return in(UART);
}

// A fault without an interrupt table is a triple fault.
static inline void restart(void) {
    __asm__ volatile("lidt 0; int3");
}

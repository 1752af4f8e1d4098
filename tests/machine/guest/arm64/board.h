// virt: 64 MiB at 0x40000000, a PL011 UART.  EL1, MMU off.
#pragma once

#include <stdint.h>

#define RAM_END 0x44000000ull
#define MACHINE_CODE 183
#define UART ((volatile uint32_t*)0x09000000)

static inline void serial_put(int byte) {
    while (UART[6] & 0x20) {
    }
    UART[0] = byte;
}

static inline int serial_get(void) {
    while (UART[6] & 0x10) {
    }
    return UART[0];
}

// PSCI SYSTEM_RESET.
static inline void restart(void) {
    register uint64_t function __asm__("x0") = 0x84000009;
    __asm__ volatile("hvc #0" : "+r"(function) : : "memory");
}

// The serial line: a PL011.  Input comes by interrupt; output waits for room, of which QEMU always
// has some.

#include "arm64.h"

#define UART_BASE 0x09000000

// Registers, as offsets.
#define DATA 0x000
#define FLAGS 0x018
#define LINE_CONTROL 0x02c
#define CONTROL 0x030
#define FIFO_LEVEL 0x034
#define INTERRUPT_MASK 0x038
#define INTERRUPT_CLEAR 0x044

#define FLAG_RECEIVE_EMPTY (1u << 4)
#define FLAG_TRANSMIT_FULL (1u << 5)
#define LINE_8N1_FIFO 0x70
#define CONTROL_ENABLE_BOTH 0x301
#define INTERRUPT_RECEIVE 0x10 // the queue has reached its level, here the lowest there is
#define INTERRUPT_TIMEOUT 0x40 // or something has waited in it

static volatile uint32_t* uart(uint32_t offset) {
    return device_register(UART_BASE + offset);
}

// A byte from before a reset is dropped: while it lies in the queue the next one does not reach the
// level, but goes beyond it, and would never be heard.
void uart_init(void) {
    *uart(CONTROL) = 0;
    *uart(LINE_CONTROL) = LINE_8N1_FIFO;
    *uart(FIFO_LEVEL) = 0;
    *uart(INTERRUPT_CLEAR) = 0x7ff;
    while (!(*uart(FLAGS) & FLAG_RECEIVE_EMPTY)) {
        (void)*uart(DATA);
    }
    *uart(INTERRUPT_MASK) = INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT;
    *uart(CONTROL) = CONTROL_ENABLE_BOTH;
}

void uart_interrupt(void) {
    *uart(INTERRUPT_CLEAR) = INTERRUPT_TIMEOUT;
    while (!(*uart(FLAGS) & FLAG_RECEIVE_EMPTY)) {
        serial_received((uint8_t)*uart(DATA));
    }
}

void arch_serial_write(uint8_t byte) {
    while (*uart(FLAGS) & FLAG_TRANSMIT_FULL) {
    }
    *uart(DATA) = byte;
}

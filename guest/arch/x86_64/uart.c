// The serial line: a 16550 at COM1.  Input comes by interrupt; output waits for room, of which QEMU
// always has some.  The queues stay off: the doorbell is one byte that must be heard at once, and
// with the receive queue on QEMU sets a timer for each byte and wakes up for it, which nearly
// halves the rate of doorbells.

#include "cpu.h"

#define COM1 0x3f8

// Registers, as offsets.
#define DATA 0        // receive and transmit
#define DIVISOR_LOW 0 // while LCR_DIVISOR is set
#define INTERRUPT_ENABLE 1
#define DIVISOR_HIGH 1
#define FIFO_CONTROL 2
#define LINE_CONTROL 3
#define MODEM_CONTROL 4
#define LINE_STATUS 5

#define IER_RECEIVED 0x01
#define FCR_QUEUES_OFF 0x00
#define LCR_8N1 0x03
#define LCR_DIVISOR 0x80
#define MCR_DTR_RTS_OUT2 0x0b // OUT2 connects the interrupt line
#define LSR_DATA_READY 0x01
#define LSR_TRANSMIT_EMPTY 0x20

void uart_init(void) {
    outb(COM1 + LINE_CONTROL, LCR_DIVISOR);
    outb(COM1 + DIVISOR_LOW, 1); // 115200 baud
    outb(COM1 + DIVISOR_HIGH, 0);
    outb(COM1 + LINE_CONTROL, LCR_8N1);
    outb(COM1 + FIFO_CONTROL, FCR_QUEUES_OFF);
    outb(COM1 + MODEM_CONTROL, MCR_DTR_RTS_OUT2);
    outb(COM1 + INTERRUPT_ENABLE, IER_RECEIVED);
}

void uart_interrupt(void) {
    while (inb(COM1 + LINE_STATUS) & LSR_DATA_READY) {
        serial_received(inb(COM1 + DATA));
    }
}

void arch_serial_write(uint8_t byte) {
    while (!(inb(COM1 + LINE_STATUS) & LSR_TRANSMIT_EMPTY)) {
    }
    outb(COM1 + DATA, byte);
}

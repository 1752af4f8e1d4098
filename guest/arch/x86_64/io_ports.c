// Ports of the user's.
//
// No process may run port instructions by itself: the processor would want a bitmap of 8 KiB per
// process in its task state, changed at each switch.  They fault, and where the process has been
// given the port the kernel carries them out for it.

#include "cpu.h"
#include "heap.h"
#include "process.h"
#include "usercopy.h"

#define BITMAP_SIZE (IO_PORT_COUNT / 8)
#define OPERAND_SIZE_PREFIX 0x66

zx_status_t io_ports_set(struct process* process, uint32_t first, uint32_t count, bool allowed) {
    if (process->io_ports == NULL) {
        process->io_ports = allowed ? kalloc(BITMAP_SIZE) : NULL;
        if (process->io_ports == NULL) {
            return allowed ? ZX_ERR_NO_MEMORY : ZX_OK;
        }
    }
    for (uint32_t port = first; port < first + count; port++) {
        uint8_t bit = (uint8_t)(1u << port % 8);
        uint8_t* byte = &process->io_ports[port / 8];
        *byte = (uint8_t)(allowed ? *byte | bit : *byte & ~bit);
    }
    return ZX_OK;
}

static bool is_allowed(const struct process* process, uint32_t first, uint32_t count) {
    for (uint32_t port = first; port < first + count; port++) {
        if (port >= IO_PORT_COUNT || !(process->io_ports[port / 8] >> port % 8 & 1)) {
            return false;
        }
    }
    return true;
}

static void port_write(uint16_t port, uint32_t size, uint64_t value) {
    switch (size) {
    case 1:
        outb(port, (uint8_t)value);
        break;
    case 2:
        __asm__ volatile("outw %w0, %w1" : : "a"((uint32_t)value), "Nd"(port));
        break;
    default:
        __asm__ volatile("outl %0, %w1" : : "a"((uint32_t)value), "Nd"(port));
        break;
    }
}

// What is in the register afterwards: 32 bits clear those above them, fewer do not.
static uint64_t port_read(uint16_t port, uint32_t size, uint64_t old) {
    uint32_t value;
    switch (size) {
    case 1:
        return (old & ~0xffull) | inb(port);
    case 2:
        __asm__ volatile("inw %w1, %w0" : "=a"(value) : "Nd"(port));
        return (old & ~0xffffull) | (value & 0xffff);
    default:
        __asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
        return value;
    }
}

// IN and OUT, not their string forms: an optional prefix, the operation, and perhaps the port.
bool io_ports_emulate(struct arch_regs* regs) {
    struct process* process = process_current();
    uint64_t at = regs->rip;
    uint8_t code = 0, port_byte = 0;
    if (process->io_ports == NULL || copy_from_user(&code, at++, 1) != ZX_OK) {
        return false;
    }
    uint32_t wide = 4;
    if (code == OPERAND_SIZE_PREFIX) {
        wide = 2;
        if (copy_from_user(&code, at++, 1) != ZX_OK) {
            return false;
        }
    }
    // 1110p1ws: p: the port is in %dx, w: OUT, s: not a byte.
    if ((code & 0xf4) != 0xe4) {
        return false;
    }
    uint32_t size = code & 1 ? wide : 1;
    uint16_t port = (uint16_t)regs->rdx;
    if (!(code & 8)) {
        if (copy_from_user(&port_byte, at++, 1) != ZX_OK) {
            return false;
        }
        port = port_byte;
    }
    if (!is_allowed(process, port, size)) {
        return false;
    }
    if (code & 2) {
        port_write(port, size, regs->rax);
    } else {
        regs->rax = port_read(port, size, regs->rax);
    }
    regs->rip = at;
    return true;
}

// Exceptions: what each class of the syndrome register means.

#include "arm64.h"
#include "print.h"
#include "process.h"
#include "sanitize.h"

// Exception classes, ESR_EL1[31:26].
#define CLASS_UNKNOWN 0x00
#define CLASS_INSTRUCTION_ABORT_USER 0x20
#define CLASS_INSTRUCTION_ABORT_KERNEL 0x21
#define CLASS_PC_ALIGNMENT 0x22
#define CLASS_DATA_ABORT_USER 0x24
#define CLASS_DATA_ABORT_KERNEL 0x25
#define CLASS_SP_ALIGNMENT 0x26
#define CLASS_BREAKPOINT_USER 0x30
#define CLASS_STEP_USER 0x32
#define CLASS_WATCHPOINT_USER 0x34
#define CLASS_BRK 0x3c

#define BRK_NUMBER 0xffff
#define BRK_SANITIZER 0x5500 // with the code in its low byte

// Of an abort's syndrome.
#define ABORT_WRITE (1u << 6)
#define ABORT_CACHE_MAINTENANCE (1u << 8) // counts as a write there, but is none
#define FAULT_STATUS 0x3f
#define FAULT_ALIGNMENT 0x21
#define FAULT_EXTERNAL 0x10 // nothing answers at the physical address
#define FAULT_KIND 0x3c
#define FAULT_ADDRESS_SIZE 0x00 // the physical address is none that the processor has
#define FAULT_PERMISSION 0x0c

static uint32_t class_of(const struct arch_regs* regs) {
    return regs->esr >> 26 & 0x3f;
}

static bool is_abort(uint32_t class) {
    return class == CLASS_INSTRUCTION_ABORT_USER || class == CLASS_INSTRUCTION_ABORT_KERNEL ||
           class == CLASS_DATA_ABORT_USER || class == CLASS_DATA_ABORT_KERNEL;
}

// A mapping is there, and leads nowhere.
static bool is_of_physical_address(const struct arch_regs* regs) {
    return (regs->esr & FAULT_STATUS) == FAULT_EXTERNAL ||
           (regs->esr & FAULT_KIND) == FAULT_ADDRESS_SIZE;
}

static uint32_t zx_exception(const struct arch_regs* regs) {
    switch (class_of(regs)) {
    case CLASS_UNKNOWN:
        return ZX_EXCP_UNDEFINED_INSTRUCTION;
    case CLASS_BRK:
        return ZX_EXCP_SW_BREAKPOINT;
    case CLASS_BREAKPOINT_USER:
    case CLASS_STEP_USER:
    case CLASS_WATCHPOINT_USER:
        return ZX_EXCP_HW_BREAKPOINT;
    case CLASS_PC_ALIGNMENT:
    case CLASS_SP_ALIGNMENT:
        return ZX_EXCP_UNALIGNED_ACCESS;
    case CLASS_INSTRUCTION_ABORT_USER:
        return ZX_EXCP_FATAL_PAGE_FAULT;
    case CLASS_DATA_ABORT_USER:
        if ((regs->esr & FAULT_STATUS) == FAULT_ALIGNMENT) {
            return ZX_EXCP_UNALIGNED_ACCESS;
        }
        return is_of_physical_address(regs) ? ZX_EXCP_GENERAL : ZX_EXCP_FATAL_PAGE_FAULT;
    default:
        return ZX_EXCP_GENERAL;
    }
}

// Called by entry.S for exceptions of user mode but system calls.  A memory fault may be a page
// not made yet; anything else is the thread's exception.
void user_exception_handler(struct arch_regs* regs);
void user_exception_handler(struct arch_regs* regs) {
    uint32_t exception = zx_exception(regs);
    if (exception == ZX_EXCP_FATAL_PAGE_FAULT) {
        bool execute = class_of(regs) == CLASS_INSTRUCTION_ABORT_USER;
        bool write = !execute && regs->esr & ABORT_WRITE && !(regs->esr & ABORT_CACHE_MAINTENANCE);
        bool present = (regs->esr & FAULT_KIND) == FAULT_PERMISSION;
        if (vm_page_fault(regs->far, write, execute, present)) {
            return;
        }
    }
    user_exception(regs, exception, regs->esr, arch_regs_fault_address(regs), 0, 0);
}

// Called by entry.S for what must not happen: the number of the vector tells what it was.
__attribute__((noreturn)) void fatal_trap(struct arch_regs* regs, uint32_t vector);
void fatal_trap(struct arch_regs* regs, uint32_t vector) {
    static const char* const kinds[] = {"synchronous exception", "interrupt", "fast interrupt",
                                        "system error"};
    if (SANITIZED) {
        sanitizer_trap(regs);
    }
    const char* what = is_abort(class_of(regs)) ? "memory fault" : kinds[vector % 4];
    panic(regs, "%s in %s (vector %u)", what, vector < 8 ? "the kernel" : "user mode", vector);
}

int arch_sanitizer_code(const struct arch_regs* regs) {
    uint32_t number = regs->esr & BRK_NUMBER;
    if (class_of(regs) != CLASS_BRK || (number & 0xff00) != BRK_SANITIZER) {
        return -1;
    }
    return (int)(number & 0xff);
}

uint64_t arch_regs_cause(const struct arch_regs* regs) {
    return regs->esr;
}

uint64_t arch_regs_fault_address(const struct arch_regs* regs) {
    return is_abort(class_of(regs)) || class_of(regs) == CLASS_PC_ALIGNMENT ? regs->far : 0;
}

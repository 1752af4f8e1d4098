// Exceptions and interrupts: what each vector means.

#include "cpu.h"
#include "print.h"
#include "process.h"
#include "sanitize.h"

#define INVALID_OPCODE 6
#define GENERAL_PROTECTION_FAULT 13
#define PAGE_FAULT 14

// Page fault error code.
#define FAULT_PRESENT 1u
#define FAULT_WRITE 2u
#define FAULT_RESERVED 8u // the physical address is none that the processor has
#define FAULT_EXECUTE 16u

static const struct {
    const char* name;
    uint32_t zx_exception; // what a user thread's exception channel is told
} exceptions[32] = {
    [0] = {"divide error", ZX_EXCP_GENERAL},
    [1] = {"debug", ZX_EXCP_HW_BREAKPOINT},
    [2] = {"non-maskable interrupt", 0},
    [3] = {"breakpoint", ZX_EXCP_SW_BREAKPOINT},
    [4] = {"overflow", ZX_EXCP_GENERAL},
    [5] = {"bound range exceeded", ZX_EXCP_GENERAL},
    [INVALID_OPCODE] = {"invalid opcode", ZX_EXCP_UNDEFINED_INSTRUCTION},
    [7] = {"device not available", ZX_EXCP_GENERAL},
    [8] = {"double fault", 0},
    [10] = {"invalid task state", ZX_EXCP_GENERAL},
    [11] = {"segment not present", ZX_EXCP_GENERAL},
    [12] = {"stack fault", ZX_EXCP_GENERAL},
    [GENERAL_PROTECTION_FAULT] = {"general protection fault", ZX_EXCP_GENERAL},
    [PAGE_FAULT] = {"page fault", ZX_EXCP_FATAL_PAGE_FAULT},
    [16] = {"x87 floating-point error", ZX_EXCP_GENERAL},
    [17] = {"alignment check", ZX_EXCP_UNALIGNED_ACCESS},
    [18] = {"machine check", 0},
    [19] = {"SIMD floating-point error", ZX_EXCP_GENERAL},
};

static const char* exception_name(uint64_t vector) {
    const char* name = vector < 32 ? exceptions[vector].name : NULL;
    return name != NULL ? name : "unexpected vector";
}

// A page fault of user mode may be a page not made yet; anything else is the thread's exception.
static void user_trap(struct arch_regs* regs) {
    uint64_t address = 0;
    if (regs->vector == PAGE_FAULT) {
        address = read_cr2();
        if (!(regs->error_code & FAULT_RESERVED) &&
            vm_page_fault(address, regs->error_code & FAULT_WRITE, regs->error_code & FAULT_EXECUTE,
                          regs->error_code & FAULT_PRESENT)) {
            return;
        }
    }
    if (regs->vector == GENERAL_PROTECTION_FAULT && io_ports_emulate(regs)) {
        return;
    }
    uint32_t zx_exception = regs->vector < 32 ? exceptions[regs->vector].zx_exception : 0;
    if (zx_exception == 0) {
        panic(regs, "%s in user mode", exception_name(regs->vector));
    }
    user_exception(regs, zx_exception, regs->vector, address, 0, 0);
}

// Called by entry.S for every vector.
void trap_handler(struct arch_regs* regs) {
    switch (regs->vector) {
    case VECTOR_APIC_TIMER:
        apic_end_of_interrupt();
        timer_interrupt();
        return;
    case VECTOR_PIC + 4: // COM1
        uart_interrupt();
        return;
    case VECTOR_PIC + 7: // a line that fell silent before the 8259 asked for its vector
    case VECTOR_PIC + 15:
    case VECTOR_SPURIOUS:
        return;
    }
    if (arch_regs_in_user(regs)) {
        user_trap(regs);
    } else if (regs->vector != 1) { // a debug exception at the system call entry: nothing to do
        if (SANITIZED) {
            sanitizer_trap(regs);
        }
        panic(regs, "%s in the kernel", exception_name(regs->vector));
    }
}

// ud1 with the code as displacement of its operand: 67 0f b9 40 <code>, or ... 00 for code 0.
int arch_sanitizer_code(const struct arch_regs* regs) {
    const uint8_t* code = (const uint8_t*)regs->rip;
    if (regs->vector != INVALID_OPCODE || code[0] != 0x67 || code[1] != 0x0f || code[2] != 0xb9) {
        return -1;
    }
    return code[3] == 0x40 ? code[4] : 0;
}

uint64_t arch_regs_cause(const struct arch_regs* regs) {
    return regs->vector;
}

uint64_t arch_regs_fault_address(const struct arch_regs* regs) {
    return regs->vector == PAGE_FAULT ? read_cr2() : 0;
}
